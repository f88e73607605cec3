"""The entry of one run in ``provenance.json``: times and machines, kept as the run goes."""

import time
from contextlib import suppress

from rmt_hessian.experiments.durations import Durations
from rmt_hessian.experiments.provenance import describe_run, kernels, now

KEEP_SECONDS = 30  # between two writings, while points are measured


class Journal:
    """Adds an entry to those of earlier runs."""

    def __init__(self, store, **facts):
        self.store, self.earlier = store, store.provenance()
        self.entry = describe_run(**facts) | {"machines": [], "seconds": {}}
        self.keep()

    def add(self, done, settings):
        """Note what a task took, by the setting of each key, and where it ran."""
        for key, seconds in done.seconds.items():
            self.entry["seconds"].setdefault(settings[key], []).append(float(f"{seconds:.3g}"))
        if done.machine not in self.entry["machines"]:
            self.entry["machines"].append(done.machine)
        if time.monotonic() > self.kept + KEEP_SECONDS:
            with suppress(OSError):  # of a full disk the results will tell
                self.keep()

    def end(self, outcome):
        """Note how the run ended, if the disk still takes it."""
        self.entry |= {"ended": now(), "outcome": outcome}
        with suppress(OSError):
            self.keep()

    def keep(self):
        """Write all entries."""
        self.store.write_provenance([*self.earlier, self.entry])
        self.kept = time.monotonic()

    def mixed(self):
        """Whether points of the folder were computed by different libraries or BLAS kernels."""
        runs = [*self.earlier, self.entry]
        return len({kernels(m) for run in runs for m in run.get("machines", [])}) > 1


def durations(store):
    """`Durations` by the journals of all runs in a folder."""
    known = Durations()
    for run in store.provenance():
        for setting, seconds in run.get("seconds", {}).items():
            for one in seconds:
                known.add(setting, one)
    return known
