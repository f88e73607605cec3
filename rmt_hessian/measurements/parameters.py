"""The parameters that measurements share, with the values they may take."""

from typing import Annotated

from pydantic import Field

Count = Annotated[int, Field(strict=True, ge=1)]
Index = Annotated[int, Field(strict=True)]
Widths = Annotated[list[Count], Field(min_length=2)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]
Truth = Annotated[bool, Field(strict=True)]
