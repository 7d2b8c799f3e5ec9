"""What Prometheus is told of Redis, with what this process measures itself. Needs the extra
`metrics`.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family

from thoughtstream.faces.metrics.reading import Reader
from thoughtstream.faces.metrics.series import Series
from thoughtstream.measuring.metric import Metric
from thoughtstream.measuring.prometheus import exposed
from thoughtstream.measuring.redis import REDIS


class Exposition:
    """`registry`: what readings are told with, e.g. that of this process' own measures."""

    def __init__(self, reader: Reader, registry: CollectorRegistry | None = None) -> None:
        self._reader = reader
        self._reading: list[Series] = []
        self._registry = registry or CollectorRegistry()
        self._registry.register(self)

    async def text(self, accept: str = "") -> tuple[bytes, str]:
        """The body of an answer and its content type; `accept`: the header of the request."""
        self._reading = await self._reader.read()
        return exposed(self._registry, accept)

    def collect(self) -> Iterator[Family]:
        """The last reading, as the client library takes it."""
        for metric in REDIS:
            family = _family(metric)
            for series in self._reading:
                if series.metric is metric:
                    family.add_metric(series.labels, series.value)
            yield family


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.help, labels=tuple(metric.labels))
