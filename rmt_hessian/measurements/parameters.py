"""The parameters that measurements share: the values they may take, a check of ensembles."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(strict=True, ge=1)]
Classes = Annotated[int, Field(strict=True, ge=2)]
Index = Annotated[int, Field(strict=True)]
Widths = Annotated[list[Count], Field(min_length=2)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Correlation = Annotated[float, Field(strict=True, ge=0, le=1)]
Truth = Annotated[bool, Field(strict=True)]


def two_units(ens):
    """Refuse a layer of one unit: it has no block off the diagonal."""
    if ens.n_units < 2:
        raise ValueError(f"widths[{ens.layer + 1}] must be at least 2, got {ens.n_units}")
