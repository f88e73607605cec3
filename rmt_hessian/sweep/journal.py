"""The entry of one run in ``provenance.json``: times and machines, kept as the run goes."""

import time
from contextlib import suppress

from rmt_hessian.sweep.durations import Durations
from rmt_hessian.sweep.provenance import describe_run, kernels, now
from rmt_hessian.sweep.store import DamagedResult

STRANGE = (LookupError, TypeError, ValueError, AttributeError)  # entries of another make
KEEP_SECONDS = 10  # between two writings, while points are measured


class Journal:
    """Adds an entry to those of earlier runs; if they cannot be read, ``damage`` says why."""

    def __init__(self, store, **facts):
        self.store, self.damage = store, ""
        try:
            self.earlier = store.provenance()
        except DamagedResult as error:
            self.earlier, self.damage = [], str(error)
            store.set_provenance_aside()
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
        found = set()
        for run in [*self.earlier, self.entry]:
            with suppress(*STRANGE):
                found |= {kernels(machine) for machine in run.get("machines", [])}
        return len(found) > 1


def durations(store):
    """`Durations` by the journals of all runs in a folder."""
    known = Durations()
    with suppress(DamagedResult):
        for run in store.provenance():
            with suppress(*STRANGE):
                for setting, seconds in run.get("seconds", {}).items():
                    for one in seconds:
                        known.add(setting, float(one))
    return known
