"""Measures that Prometheus reads."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family

from thoughtstream.measuring.measures import Measures
from thoughtstream.measuring.metric import Metric
from thoughtstream.measuring.tallies import Counts, Sizes


class PrometheusMeasures(Measures):
    """Keeps these metrics, for any thread to read."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        of = list(metrics)
        self._counts = {one: Counts(one) for one in of if one.kind == "counter"}
        self._sizes = {one: Sizes(one) for one in of if one.kind == "histogram"}
        self._watched: dict[Metric, Callable[[], float]] = {
            one: lambda: 0.0 for one in of if one.kind == "gauge"
        }
        self._said: dict[Metric, dict[str, str]] = {one: {} for one in of if one.kind == "info"}
        self._is_well: Callable[[], bool] = lambda: True
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def count(self, metric: Metric, *labels: str) -> None:
        """As `Measures.count`."""
        self._counts[metric].add(labels)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """As `Measures.observe`."""
        self._sizes[metric].add(labels, value)

    def watch(self, metric: Metric, read: Callable[[], float]) -> None:
        """As `Measures.watch`."""
        self._watched[metric] = read

    def say(self, metric: Metric, **labels: str) -> None:
        """As `Measures.say`."""
        self._said[metric] = labels

    def vouch(self, is_well: Callable[[], bool]) -> None:
        """As `Measures.vouch`."""
        self._is_well = is_well

    @property
    def is_well(self) -> bool:
        """Whether the process says that it is."""
        return self._is_well()

    def collect(self) -> Iterator[Family]:
        """All of it, as the client library takes it."""
        yield from (counts.family() for counts in self._counts.values())
        yield from (sizes.family() for sizes in self._sizes.values())
        for metric, read in self._watched.items():
            yield GaugeMetricFamily(metric.name, metric.help, read())
        for metric, labels in self._said.items():
            yield InfoMetricFamily(metric.name.removesuffix("_info"), metric.help, labels)


def exposed(registry: CollectorRegistry, accept: str = "") -> tuple[bytes, str]:
    """All of it as text, and its content type: OpenMetrics, if that is accepted (the header of the
    request), else Prometheus' own format.
    """
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type
