"""The logarithm of the gamma function and its derivative, for arrays: numpy has neither."""

import math

import numpy as np

from thoughtstream.inference.arrays import Floats

_FROM = 10.0
"""From here on, the series below is exact to the last digits of a float."""

_SERIES = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12)

_log_gamma = np.frompyfunc(math.lgamma, 1, 1)


def log_gamma(x: Floats) -> Floats:
    """ln Γ(x), x > 0, of any shape."""
    found: Floats = np.asarray(_log_gamma(x), dtype=np.float64)
    return found


def digamma(x: Floats) -> Floats:
    """d/dx ln Γ(x), x > 0, of any shape. Source: Bernardo 1976, algorithm AS 103."""
    x = np.array(x, dtype=np.float64)
    found = np.zeros_like(x)
    while (small := x < _FROM).any():
        found[small] -= 1 / x[small]
        x[small] += 1
    square = 1 / (x * x)
    tail = np.zeros_like(x)
    for term in reversed(_SERIES):
        tail = square * (term + tail)
    found += np.log(x) - 0.5 / x - tail
    return found
