"""Where spans go: to the OpenTelemetry that the program has set up itself, else over OTLP/HTTP."""

import os
from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import (
    OTEL_EXPORTER_OTLP_TIMEOUT,
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT,
    OTEL_TRACES_SAMPLER,
)
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ALWAYS_ON,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import (
    Link,
    ProxyTracerProvider,
    SpanKind,
    Tracer,
    TraceState,
    get_tracer_provider,
)
from opentelemetry.util.types import Attributes

_NAME = "thoughtstream"
_PATH = "/v1/traces"
_PATIENCE_S = 3
"""So long it is tried to send something: at its end, no command waits long for a collector."""

_TIMEOUTS = {OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT}


def tracer(endpoint: str | None, ratio: float | None) -> Tracer:
    """What makes our spans. `endpoint`: the collector's address; `ratio`: the share of what begins
    here that is traced. None: as OpenTelemetry's own variables say (OTEL_…).

    What is still to be sent when the program ends is sent then.
    """
    theirs = get_tracer_provider()
    provider = _own(endpoint, ratio) if isinstance(theirs, ProxyTracerProvider) else theirs
    return provider.get_tracer(_NAME, version(_NAME))


def _own(endpoint: str | None, ratio: float | None) -> TracerProvider:
    is_theirs = ratio is None and OTEL_TRACES_SAMPLER in os.environ
    sampler = None if is_theirs else FollowingLinks(1.0 if ratio is None else ratio)
    provider = TracerProvider(sampler=sampler, resource=_resource())
    exporter = OTLPSpanExporter(
        endpoint and endpoint.removesuffix("/").removesuffix(_PATH) + _PATH,
        timeout=None if _TIMEOUTS & os.environ.keys() else _PATIENCE_S,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _resource() -> Resource:
    """As OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, else under our name."""
    found = Resource.create()
    if not str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return found
    return found.merge(Resource({SERVICE_NAME: _NAME}))


class FollowingLinks(ParentBased):
    """A span is recorded if its parent is, or what it is linked to; of the others, a share."""

    def __init__(self, ratio: float) -> None:
        super().__init__(_Links(ratio))


class _Links(Sampler):
    def __init__(self, ratio: float) -> None:
        self._share = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """See the SDK's."""
        by: Sampler = self._share
        if links:
            by = ALWAYS_ON if any(its.context.trace_flags.sampled for its in links) else ALWAYS_OFF
        return by.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        """See the SDK's."""
        return f"FollowingLinks{{{self._share.get_description()}}}"
