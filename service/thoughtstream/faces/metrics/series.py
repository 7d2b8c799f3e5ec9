"""One series of a metric."""

from typing import NamedTuple

from thoughtstream.measuring.metric import Metric


class Series(NamedTuple):
    """A value; `labels`: the values of the metric's labels, in their order."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()
