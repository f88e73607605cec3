"""The same bits from a process that compiles the kernels of a law and from one that loads them.

With relaxed floating-point rules they differ: each caller of a kernel keeps a copy of it, optimised
on its own, and which copies meet in one process depends on what was compiled there.
"""

import os
import subprocess
import sys

CODE = """
import sys
import numpy as np
from rmt_hessian.theory import GeneralizedMarchenkoPastur
from rmt_hessian.theory.laws import kernels

rng = np.random.default_rng(0)
for n_atoms in (2, 37):
    probabilities = rng.dirichlet(np.ones(n_atoms))
    law = GeneralizedMarchenkoPastur(rng.standard_normal(n_atoms), probabilities, 0.3)
    x = np.linspace(*law.support(), 1000)
    print(law.pdf(x).tobytes().hex())
    print(law.cdf(x).tobytes().hex())
    print(np.array(law.components()).tobytes().hex())
used = kernels.component_edges, kernels.tabulate, kernels.locate, kernels.distribution
hits = sum(sum(kernel.stats.cache_hits.values()) for kernel in used)
print(hits, file=sys.stderr)
"""
KERNELS = 4  # that CODE calls from Python


def bits(cache):
    """Results, as printed, and the number of kernels that came from the cache."""
    result = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        env=os.environ | {"NUMBA_CACHE_DIR": str(cache)},
    )
    assert result.returncode == 0, result.stderr
    return result.stdout, int(result.stderr)


def test_loaded_is_compiled(tmp_path):
    expected, hits = bits(tmp_path)
    assert hits == 0
    found, hits = bits(tmp_path)
    assert hits == KERNELS
    assert found == expected
