"""A point: one row of the table, named by its content, with a random stream of its own."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from rmt_hessian.measurements.registry import find, stream_of, version_of
from rmt_hessian.sweep.parameters import SIZES, WIDTHS, arguments, columns, parameters_of
from rmt_hessian.sweep.values import exact_value

COLUMNS = ("measurement", "seed", "root_seed", "version", "key", "n_arrays")  # of every row
OF_SAVEZ = ("file", "allow_pickle")  # they mean something to it
TAKEN = dict.fromkeys(COLUMNS, "a column of every table") | dict.fromkeys(OF_SAVEZ, "numpy.savez")


@dataclass(frozen=True)
class Point:
    """A measurement at given parameters and seed."""

    measurement: str
    parameters: dict
    seed: int
    root_seed: int

    @cached_property
    def _data(self):
        """Hashes of the data files among the parameters, as they were first seen."""
        return [_digest_of(path) for path in map(str, self.parameters.values()) if is_data(path)]

    def _digest(self, version):
        content = [self.measurement, version, self.parameters, self.seed, *self._data]
        return hashlib.sha256(json.dumps([*content, self.root_seed], sort_keys=True).encode())

    @cached_property
    def key(self):
        """Hash of the content, data files as they were first seen: names the files of the point."""
        version, stream = (of(find(self.measurement)) for of in (version_of, stream_of))
        own = stream == version
        return self._digest(version if own else [version, stream]).hexdigest()[:20]

    @property
    def setting(self):
        """Measurement and parameters as text: what points share that differ by their seeds."""
        return f"{self.measurement} {json.dumps(self.parameters, sort_keys=True)}"

    def rng(self):
        """The point's own generator: no other point, and no order of points, can shift it."""
        digest = self._digest(stream_of(find(self.measurement))).digest()
        words = np.frombuffer(digest[:16], dtype=">u4").tolist()
        return np.random.default_rng(np.random.SeedSequence(self.root_seed, spawn_key=words))

    def measure(self):
        """Run the measurement: its scalars and its arrays, two mappings.

        Raises TypeError if it returns anything but names of numbers and arrays of numbers,
        ValueError if a name is none or taken, as that of a parameter is, or if digits would be
        lost.
        """
        function = find(self.measurement)
        returned = function(self.rng(), **arguments(function, self.parameters))
        if not hasattr(returned, "items"):
            raise TypeError(f"{self.measurement} must return a mapping, got {type(returned)}")
        scalars, arrays, taken = {}, {}, dict(TAKEN)
        if isinstance(self.parameters.get(WIDTHS), list):  # all of them, whether it has them or not
            taken |= dict.fromkeys(SIZES, "a column of the table")
        taken |= dict.fromkeys([*parameters_of(function), *self.parameters], "a parameter")
        for name, value in returned.items():
            refused = f"{self.measurement} must not call a result {name!r}: "
            if not isinstance(name, str):
                raise ValueError(refused + "a name is a text")
            if name in taken:
                raise ValueError(refused + f"the name is taken by {taken[name]}")
            try:
                result = exact_value(value)
            except (TypeError, ValueError) as error:
                raise type(error)(f"{self.measurement}: {name!r} {error}") from None
            (arrays if isinstance(result, np.ndarray) else scalars)[name] = result
        return scalars, arrays

    def columns(self):
        """The columns of the table that say which point it is."""
        return {
            "measurement": self.measurement,
            **columns(self.parameters),
            "seed": self.seed,
            "root_seed": self.root_seed,
        }

    def __str__(self):
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return f"{self.measurement}({parameters}) seed {self.seed}"


def is_data(value):
    """Whether a parameter names a file of data, as `numpy.save` writes them."""
    return isinstance(value, str) and value.endswith(".npy")


def _digest_of(path):
    """Hash of a file's content: another file of the same name makes other points."""
    try:
        return _digest_as_of(path, Path(path).stat().st_mtime_ns)
    except OSError as error:
        raise LookupError(f"{path}: {error.strerror}") from error


@cache
def _digest_as_of(path, _changed):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
