"""The steps of a module of PyTorch whose graph is a chain, as modules of a few kinds.

`torch.fx` has the graph: functions and methods become the module that does the same, shapes are
gone past. Nothing is imported here: torch is handed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn

from rmt_hessian._checks.arguments import describe

ACTIVATIONS = ("ReLU", "LeakyReLU", "Tanh", "Sigmoid", "Softplus", "GELU", "SiLU")
NOTHING = ("Identity", "Dropout", "AlphaDropout", "Flatten")  # to rows of numbers, in evaluation
KINDS = ("Linear", "BatchNorm1d", *ACTIVATIONS, *NOTHING, "Softmax", "LogSoftmax")
ELSEWHERE = (
    "rmt_hessian.torch_layer(model, module, …) has the Hessian of a Linear inside any model, "
    "head_hessian that of the last one on its features"
)


@dataclass(frozen=True)
class Step:
    """A module of the chain, of a ``kind`` of ``torch.nn``; ``name`` is for messages."""

    kind: str
    module: Any
    name: str

    def refuse(self, wanted: str) -> NoReturn:
        """Raise, saying what the step must be."""
        raise ValueError(f"{self.name} must {wanted}")


def one_line(error: Exception) -> str:
    """The beginning of what another package says."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"


def called(name: str, module: Any) -> str:
    """A module in a message: its qualified name and its class."""
    return f"{name or 'module'} ({type(module).__name__})"


def _kind(torch: Any, module: Any) -> str | None:
    """The name of a class of `KINDS` that the module is of, and computes as."""
    for name in KINDS:
        kind = getattr(torch.nn, name)
        if isinstance(module, kind) and type(module).forward is kind.forward:
            return name
    return None


def steps_of(torch: Any, model: Any) -> list[Step]:
    """The steps of a model that count, in order."""

    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, m: Any, name: str) -> bool:
            return _kind(torch, m) is not None or super().is_leaf_module(m, name)

    root = torch.nn.Sequential(model)  # so that the model itself may be a Linear
    try:
        nodes = list(Tracer().trace(root).nodes)
    except Exception as error:
        wanted = "have a forward of one tensor, without branches on values, for torch.fx to trace"
        raise ValueError(f"module must {wanted}, got {one_line(error)}; {ELSEWHERE}") from None
    before, sizes, found = nodes[0], set(), []
    for node in nodes[1:]:
        tensors = [one for one in node.all_input_nodes if one not in sizes]
        if _is_size(node, tensors):
            sizes.add(node)
            continue
        if tensors != [before] or node.op == "get_attr":
            wanted = "be a chain, each step on the result of the one before alone"
            raise ValueError(f"module must {wanted}, got {_name(root, node)}; {ELSEWHERE}")
        if node.op == "output":
            if node.args[0] is not before:
                raise ValueError(f"module must return one tensor, got {describe(node.args[0])}")
            continue
        module = _module(torch, root, node)
        kind, name = _kind(torch, module), _name(root, node)
        if kind is None:
            wanted = f"be one of torch.nn's {', '.join(KINDS[:-2])}, and compute as they do"
            raise ValueError(f"{name} must {wanted}; {ELSEWHERE}")
        _refuse_options(step := Step(kind, module, name))
        if kind not in NOTHING:
            found.append(step)
        before = node
    return found


def _name(root: Any, node: Any) -> str:
    """For messages: the qualified name and class of a module, the name of a function."""
    if node.op == "call_module":
        name = node.target.partition(".")[2]
        return called(name, root.get_submodule(node.target))
    name = getattr(node.target, "__name__", str(node.target).removeprefix("0."))
    return f"{name} ({node.op.replace('_', ' ')})"


def _is_size(node: Any, tensors: list[Any]) -> bool:
    """Whether a node is a shape, or arithmetic on shapes."""
    if node.op == "call_method" and node.target in ("size", "dim"):
        return True
    if node.op == "call_function" and node.target is getattr:
        return node.args[1] in ("shape", "ndim")
    return node.op == "call_function" and bool(node.all_input_nodes) and not tensors


def _module(torch: Any, root: Any, node: Any) -> Any:
    """The module of a node; of a function the module that does the same, else None."""
    if node.op == "call_module":
        return root.get_submodule(node.target)
    nn = torch.nn

    def rows(*shape: Any) -> Any:
        shape = shape[0] if len(shape) == 1 else shape
        return nn.Identity() if len(shape) == 2 and -1 in shape else None

    functions = {
        "relu": nn.ReLU,
        "leaky_relu": nn.LeakyReLU,
        "tanh": nn.Tanh,
        "sigmoid": nn.Sigmoid,
        "softplus": nn.Softplus,
        "gelu": nn.GELU,
        "silu": nn.SiLU,
        "softmax": lambda *dim, **options: nn.Softmax(-1),
        "log_softmax": lambda *dim, **options: nn.LogSoftmax(-1),
        "dropout": lambda p=0.5, training=True, inplace=False: nn.Dropout(p).train(training),
        "alpha_dropout": lambda p=0.5, training=False, inplace=False: nn.AlphaDropout(p).train(
            training
        ),
        "flatten": lambda start_dim=0, end_dim=-1: nn.Flatten(start_dim, end_dim),
        "view": rows,
        "reshape": rows,
    }
    name = str(getattr(node.target, "__name__", node.target)).rstrip("_")
    options = {key: value for key, value in node.kwargs.items() if key != "input"}
    try:
        return functions[name](*node.args[1 - ("input" in node.kwargs) :], **options)
    except (KeyError, TypeError):  # another function, or other options
        return None


def _refuse_options(step: Step) -> None:
    """Raise if a step is another one in evaluation, or has options that are not covered."""
    module = step.module
    if step.kind in ("Softmax", "LogSoftmax"):
        step.refuse("be left out: softmax is in the loss 'ce', and no activation of hidden layers")
    if step.kind == "BatchNorm1d" and module.running_mean is None:
        step.refuse("have running statistics: without them it is no function of one sample")
    drops = step.kind in ("Dropout", "AlphaDropout") and module.p > 0
    if module.training and (drops or step.kind == "BatchNorm1d"):
        step.refuse("be in evaluation: call module.eval()")
    if step.kind == "Flatten" and (module.start_dim, module.end_dim) != (1, -1):
        step.refuse(f"start at dimension 1, got {module}")
    if step.kind == "Softplus" and not (module.beta == 1 and module.threshold >= 20):
        step.refuse(f"have beta 1 and a threshold of at least 20, got {module}")
