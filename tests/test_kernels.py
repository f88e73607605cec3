"""Which machines ``make test-kernels`` stands for, and what it says of them."""

import os
import sys

import pytest

from tests import kernels

NAMES = {"Prescott": "Katmai", "Nehalem": "Nehalem", "Haswell": "Haswell", "Zen": "Haswell"}


@pytest.fixture
def skylake(monkeypatch):
    """A processor of kernel SkylakeX, whose OpenBLAS dies of others, or takes those of NAMES."""

    def kernel(OPENBLAS_CORETYPE="SkylakeX"):
        return "SkylakeX" if OPENBLAS_CORETYPE == "SkylakeX" else NAMES.get(OPENBLAS_CORETYPE, "")

    monkeypatch.setattr(kernels, "kernel", kernel)


@pytest.mark.usefixtures("skylake")
def test_every_other_kernel_once():
    assert kernels.other_kernels() == {
        "Katmai": {"OPENBLAS_CORETYPE": "Prescott"},
        "Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
        "Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    }
    assert kernels.machines(one=True) == {"OpenBLAS Katmai": {"OPENBLAS_CORETYPE": "Prescott"}}
    first, *others, last = kernels.machines(one=False).items()
    assert first == ("its own, SkylakeX", {})
    assert [name for name, _ in others][:3] == [f"OpenBLAS {k}" for k in kernels.other_kernels()]
    assert last == ("numba generic", {"NUMBA_CPU_NAME": "generic"})


def test_without_openblas(monkeypatch, capsys):
    monkeypatch.setattr(kernels, "kernel", lambda **_: "")
    assert kernels.machines(one=True) == {}
    assert "No OpenBLAS" in capsys.readouterr().out
    assert "its own, another BLAS" in kernels.machines(one=False)


def test_a_kernel_that_the_processor_cannot_run_is_none(monkeypatch):
    monkeypatch.setattr(kernels, "ASK", "import os, signal; os.kill(os.getpid(), signal.SIGILL)")
    assert kernels.kernel(OPENBLAS_CORETYPE="SkylakeX") == ""


def test_each_has_its_line_and_failures_count(monkeypatch, capfd):
    """A command that fails where it finds the variable."""
    monkeypatch.setattr(kernels, "machines", lambda one: {"a": {}, "b": {"KERNEL": "x"}})
    monkeypatch.setattr(sys, "executable", "/bin/sh")
    code = 'test -z "$KERNEL"'
    monkeypatch.setattr(kernels, "PYTEST", ("-c", code))
    assert kernels.main([]) == 1
    table = [line.split()[:2] for line in capfd.readouterr().out.splitlines()[-2:]]
    assert table == [["a", "passed"], ["b", "FAILED"]]
    assert "KERNEL" not in os.environ
