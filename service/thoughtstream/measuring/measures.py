"""Where a program puts what it measures."""

from collections.abc import Callable

from thoughtstream.measuring.metric import Metric


class Measures:
    """Keeps nothing of it: for where nobody asks. `labels`: the values of the metric's labels, in
    their order.
    """

    def count(self, metric: Metric, *labels: str) -> None:
        """It happened once more."""

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """It was so large this time."""

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        """Its value is what `read` returns whenever somebody asks, in another thread."""

    def say(self, metric: Metric, **labels: str) -> None:
        """Say what something is."""

    def vouch(self, is_well: Callable[[], bool]) -> None:
        """The process is well if `is_well` says so, in another thread."""


NOTHING = Measures()
