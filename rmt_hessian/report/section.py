"""A printed table: what it shows, the table, and what its columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Section:
    """One table of a report, which `rmt_hessian.report.layout` prints.

    ``columns`` says of each result what it means; the other columns of the table, the first ones,
    are parameters, which `rmt_hessian.report.parameters` explains. Results are numbers or texts;
    NaN, None and "–" are no value.
    """

    title: str
    table: pd.DataFrame
    columns: Mapping[str, str]

    @property
    def parameters(self):
        """Names of the columns that tell the rows apart."""
        return [name for name in self.table if name not in self.columns]

    @property
    def results(self):
        """Names of the columns that were measured or predicted, in the order of the table."""
        return [name for name in self.table if name in self.columns]
