"""JAX: ``jax.hessian``, jitted and compiled beforehand, in float64."""

from benchmarks.hessians.workers.serve import serve


def load(options):
    """Import the package; see `serve`."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    jax.config.update("jax_enable_x64", True)

    def prepare(problem):
        shapes = [W.shape for W in problem.weights]
        ends = np.cumsum([W.size for W in problem.weights])[:-1].tolist()

        def loss(w, X, y):
            z = X
            for layer, (part, shape) in enumerate(zip(jnp.split(w, ends), shapes, strict=True)):
                z = (jax.nn.relu(z) if layer else z) @ part.reshape(shape).T
            return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(y.size), y])

        w = jnp.concatenate([W.ravel() for W in problem.weights])
        arguments = w, jnp.asarray(problem.X), jnp.asarray(problem.y)
        compiled = jax.jit(jax.hessian(loss)).lower(*arguments).compile()
        return lambda: np.asarray(compiled(*arguments))

    return f"jax {jax.__version__}", prepare


if __name__ == "__main__":
    serve(load)
