"""Run the tests as other machines would: ``python -m tests.kernels [--one] [pytest arguments]``.

Last bits differ between machines: OpenBLAS picks its kernels, NumPy its loops and numba its
instructions by the processor. Each can be told to take another, so that one machine stands for
many. ``make test-kernels`` runs the whole suite under every kernel that this processor can run,
without what NumPy chooses, and with numba's code for any processor (which it caches apart);
``--one`` under a single kernel that is not its own.
"""

import os
import subprocess
import sys
import time

from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

# of x86 and of ARM, the oldest first; OpenBLAS takes the nearest that it was built with
KERNELS = (
    *("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX", "Cooperlake"),
    *("SapphireRapids", "ARMV8", "NEOVERSEN1", "NEOVERSEV1", "VORTEX"),
)
PYTEST = ("-m", "pytest")
# multiplies, so that a kernel this processor has no instructions for dies here, and says its name
ASK = """
import numpy, scipy.linalg, threadpoolctl
A = numpy.random.default_rng(0).standard_normal((300, 300))
for M in (A, A.astype(numpy.float32)):
    scipy.linalg.eigh(M @ M.T), numpy.linalg.svd(M), M @ M[0]
print(*sorted({pool["architecture"] for pool in threadpoolctl.threadpool_info()
               if pool["internal_api"] == "openblas"}))
"""


def kernel(**environment):
    """What OpenBLAS calls the kernels that it uses; empty if it is not there, or dies of them."""
    asked = subprocess.run(
        [sys.executable, "-c", ASK], env=os.environ | environment, capture_output=True, text=True
    )
    return asked.stdout.strip()


def other_kernels():
    """``{kernel: environment}`` of those that this processor can run but does not take itself."""
    found = {kernel(): None}
    for name in KERNELS:
        environment = {"OPENBLAS_CORETYPE": name}
        found.setdefault(kernel(**environment), environment)
    return {name: environment for name, environment in found.items() if name and environment}


def machines(one):
    """``{name: environment}`` of the machines to stand for."""
    kernels = {f"OpenBLAS {name}": at for name, at in other_kernels().items()}
    if not kernels:
        print("No OpenBLAS, or none with other kernels: those of BLAS cannot be chosen here.")
    if one:
        return dict([*kernels.items()][:1])
    own = {f"its own, {kernel() or 'another BLAS'}": {}}
    plain = {}
    if chosen := [name for name in __cpu_dispatch__ if __cpu_features__[name]]:
        plain = {"NumPy without dispatch": {"NPY_DISABLE_CPU_FEATURES": " ".join(chosen)}}
    return own | kernels | plain | {"numba generic": {"NUMBA_CPU_NAME": "generic"}}


def main(arguments):
    """Run all, print a table, return how many failed."""
    one = "--one" in arguments
    command = [sys.executable, *PYTEST, *(a for a in arguments if a != "--one")]
    rows = []
    for name, environment in machines(one).items():
        told = " ".join(f"{key}={value!r}" for key, value in environment.items())
        print(f"\n== {name}: {told}", flush=True)
        start = time.monotonic()
        code = subprocess.run(command, env=os.environ | environment).returncode
        rows.append((name, "passed" if code == 0 else f"FAILED ({code})", time.monotonic() - start))
    print()
    for name, result, seconds in rows:
        print(f"{name:<32}{result:<12}{seconds:>6.0f} s")
    return sum(result != "passed" for _, result, _ in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
