"""How long points take, learnt from those that were measured."""

import json
import math

import numpy as np

from rmt_hessian.measurements.ensembles import WIDTHS, columns

REFIT = 1.1  # as many settings as before must be known for another fit
RIDGE = 0.1  # holds an exponent near 0 until the sizes differ by more than a factor or so


class Durations:
    """Seconds of a point by its setting, `Point.setting`: measurement and parameters.

    Known settings: the median over seeds. Others: a power law ``Π x_k^{b_k}`` in the numbers times
    a factor for each word, fitted to the known ones of that measurement in the logarithm.
    """

    def __init__(self):
        self._seconds = {}  # measurement -> setting -> seconds of each point
        self._fits = {}  # measurement -> (how many settings were known, the fit)

    def add(self, setting, seconds):
        """Learn how long a point took."""
        measurement = setting.partition(" ")[0]
        self._seconds.setdefault(measurement, {}).setdefault(setting, []).append(seconds)

    def of(self, setting):
        """Seconds expected; None if nothing is known of the measurement."""
        measurement = setting.partition(" ")[0]
        known = self._seconds.get(measurement)
        if not known:
            return None
        if setting in known:
            return float(np.median(known[setting]))
        count, fit = self._fits.get(measurement, (0, None))
        if len(known) > REFIT * count:
            fit = _fit(known)
            self._fits[measurement] = len(known), fit
        return fit(setting)

    def total(self, settings):
        """Seconds expected of ``{setting: how many points}``; None if one of them is not known."""
        total = 0.0
        for setting, count in settings.items():
            seconds = self.of(setting) if count else 0.0
            if seconds is None:
                return None
            total += seconds * count
        return total


def _fit(known):
    """A function of settings: ridge regression of the logarithm, the mean left free."""
    features = [_features(setting) for setting in known]
    names = sorted({name for row in features for name in row})
    X = np.array([[row.get(name, 0.0) for name in names] for row in features])
    y = np.log([np.median(seconds) for seconds in known.values()])
    centre, level = X.mean(axis=0), y.mean()
    gram = (X - centre).T @ (X - centre) + RIDGE * np.eye(len(names))
    slopes = np.linalg.solve(gram, (X - centre).T @ (y - level))

    def seconds(setting):
        row = _features(setting)
        x = np.array([row.get(name, 0.0) for name in names])
        return float(np.exp(level + (x - centre) @ slopes))

    return seconds


def _features(setting):
    """Logarithms of positive numbers, 1 for each word."""
    parameters = columns(json.loads(setting.partition(" ")[2]))
    return {
        name if _is_size(value) else f"{name}={value}": np.log(float(value))
        if _is_size(value)
        else 1.0
        for name, value in parameters.items()
        if name != WIDTHS
    }


def _is_size(value):
    return type(value) in (int, float) and 0 < value < math.inf
