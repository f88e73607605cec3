"""How long points take, learnt from those that were measured."""

import numbers

import numpy as np

RIDGE = 0.1  # holds an exponent near 0 until the sizes differ by more than a factor or so


class Durations:
    """Seconds of a point by measurement and parameters.

    Known parameters: the median over seeds. Others: a power law ``Π x_k^{b_k}`` in the numbers
    times a factor for each word, fitted to the known ones of that measurement in the logarithm.
    """

    def __init__(self):
        self._seconds = {}  # measurement -> setting -> (parameters, seconds of each point)
        self._fits = {}

    def add(self, point, seconds):
        """Learn how long a point took."""
        settings = self._seconds.setdefault(point.measurement, {})
        settings.setdefault(point.setting, (point.parameters, []))[1].append(seconds)
        self._fits.pop(point.measurement, None)

    def of(self, point):
        """Seconds expected; None if nothing is known of the measurement."""
        known = self._seconds.get(point.measurement)
        if not known:
            return None
        if point.setting in known:
            return float(np.median(known[point.setting][1]))
        if point.measurement not in self._fits:
            self._fits[point.measurement] = _fit(known.values())
        return self._fits[point.measurement](point.parameters)

    def total(self, settings):
        """Seconds expected of ``(point, how many like it)``; None if nothing is known of one."""
        total = 0.0
        for point, count in settings:
            seconds = self.of(point) if count else 0.0
            if seconds is None:
                return None
            total += seconds * count
        return total


def by_setting(points):
    """``{setting: [a point, how many]}``: the points that differ by their seeds counted."""
    found = {}
    for point in points:
        found.setdefault(point.setting, [point, 0])[1] += 1
    return found


def _fit(known):
    """A function of parameters: ridge regression of the logarithm, the mean left free."""
    features = [_features(parameters) for parameters, _ in known]
    names = sorted({name for row in features for name in row})
    X = np.array([[row.get(name, 0.0) for name in names] for row in features])
    y = np.log([np.median(seconds) for _, seconds in known])
    centre, level = X.mean(axis=0), y.mean()
    gram = (X - centre).T @ (X - centre) + RIDGE * np.eye(len(names))
    slopes = np.linalg.solve(gram, (X - centre).T @ (y - level))

    def seconds(parameters):
        row = _features(parameters)
        x = np.array([row.get(name, 0.0) for name in names])
        return float(np.exp(level + (x - centre) @ slopes))

    return seconds


def _features(parameters):
    """Logarithms of positive numbers, 1 for each word."""
    return {
        name if _is_size(value) else f"{name}={value}": np.log(value) if _is_size(value) else 1.0
        for name, value in parameters.items()
    }


def _is_size(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and value > 0
