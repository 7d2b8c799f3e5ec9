"""Spans that are told within this process, and a mind that is quick."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from thoughtstream.config import MemoryConfig, Settings, StreamConfig, TracesConfig
from thoughtstream.tracing.exporting import FollowingLinks

Told = Callable[..., list[ReadableSpan]]


@pytest.fixture(scope="session")
def exporter() -> InMemorySpanExporter:
    """Of the OpenTelemetry that this program has set up for itself, which can be done once."""
    found = InMemorySpanExporter()
    provider = TracerProvider(sampler=FollowingLinks(1))
    provider.add_span_processor(SimpleSpanProcessor(found))
    trace.set_tracer_provider(provider)
    return found


@pytest.fixture
def told(exporter: InMemorySpanExporter) -> Iterator[Told]:
    """The spans of these names, in the order in which they ended."""
    exporter.clear()

    def spans(*names: str) -> list[ReadableSpan]:
        found: Sequence[ReadableSpan] = exporter.get_finished_spans()
        return [span for span in found if span.name in names]

    yield spans
    exporter.clear()


@pytest.fixture
def traced(settings: Settings, told: Told) -> Settings:
    its = {
        "traces": TracesConfig(enabled=True),
        "streams": StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5),
        "memory": MemoryConfig(trigger_limit=0),
    }
    return settings.model_copy(update=its)
