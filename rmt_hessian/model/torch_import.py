"""PyTorch, which is imported when a model of it comes, and nowhere else."""

from typing import Any


def torch_package() -> Any:
    """``torch``, with ``torch.fx``.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import torch
        import torch.fx
    except ImportError:
        wanted = "pip install 'rmt_hessian[torch]'"
        raise ImportError(f"models of PyTorch need torch: {wanted}") from None
    return torch
