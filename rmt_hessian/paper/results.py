"""The results of a sweep as a claim reads them."""

from rmt_hessian.report.cases import with_cases
from rmt_hessian.sweep.config import load_config
from rmt_hessian.sweep.store import Store


class Results:
    """Table and arrays of a sweep's folder."""

    def __init__(self, folder):
        self.store = Store(folder)
        self.table = with_cases(self.store.table())

    def rows(self, measurement, **values):
        """Rows of a measurement, with a column ``case``; those with the given values alone.

        Raises ValueError if there are none: a claim must not hold for want of data.
        """
        chosen = self.table["measurement"] == measurement
        for name, value in values.items():
            chosen &= self.table[name] == value
        if not chosen.any():
            told = f"{measurement} with {values}" if values else measurement
            there = ", ".join(self.table["measurement"].unique())
            raise ValueError(f"{self.store.folder} holds no {told}; it holds {there}")
        return self.table[chosen].dropna(axis=1, how="all")

    def lacking(self):
        """How many points of the sweep the table has not."""
        wanted = {point.key for point in load_config(self.store.folder / "config.toml").points()}
        return len(wanted - set(self.table["key"]))

    def arrays(self, rows):
        """The arrays of each row, as a list of dicts."""
        return [self.store.arrays(key) for key in rows["key"]]
