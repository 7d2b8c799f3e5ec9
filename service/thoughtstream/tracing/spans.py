"""Spans of OpenTelemetry, named and described in its words for messaging.

What sends is a producer, what takes is a consumer. These are linked, not parent and child: seconds
and a contest lie between a thought and its being attended, and a task may be tried several times.
No attribute has what a thought or a task says.
Source: OpenTelemetry, semantic conventions for messaging spans.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from thoughtstream.keys import decode_name
from thoughtstream.tracing.traces import FIELD, Attempt, Sent, Traces, Written

_ID = "messaging.message.id"
_OUTCOME = "thoughtstream.outcome"
_NOWHERE = Context()
_MOST_KEPT = 10_000
"""Attended thoughts whose spans are known until they are memories; vetoed ones never are."""

_carrier = TraceContextTextMapPropagator()


class Spans(Traces):
    """Tells a tracer."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._attended: dict[tuple[str, str], SpanContext] = {}

    @contextmanager
    def produce(self, mind: str, thoughts: Sequence[Written]) -> Iterator[Sent]:
        """See `Traces`."""
        spans = [
            self._tracer.start_span(
                "thought.produce",
                _read(fields[FIELD]) if FIELD in fields else None,
                kind=SpanKind.PRODUCER,
                attributes=_of(mind, decode_name(window), "send", "produce"),
            )
            for _, window, fields in thoughts
        ]
        with _sending(spans) as sent:
            yield sent

    def attended(self, mind: str, window: str, id: str, context: str, took_s: float) -> None:
        """See `Traces`."""
        began, ended = _just(took_s)
        span = self._tracer.start_span(
            "thought.attend",
            _NOWHERE,
            kind=SpanKind.CONSUMER,
            attributes=_of(mind, window, "process", "attend") | {_ID: id},
            links=_links(context),
            start_time=began,
        )
        if span.is_recording():
            self._attended[mind, id] = span.get_span_context()
            if len(self._attended) > _MOST_KEPT:
                del self._attended[next(iter(self._attended))]
        span.end(ended)

    def anchored(self, mind: str, ids: Sequence[str], took_s: float) -> None:
        """See `Traces`. Those that this program has attended, as parts of that."""
        began, ended = _just(took_s)
        for id_ in ids:
            attended = self._attended.pop((mind, id_), None)
            if attended is None:
                continue
            self._tracer.start_span(
                "thought.anchor",
                set_span_in_context(NonRecordingSpan(attended), _NOWHERE),
                attributes={"thoughtstream.mind": mind, _ID: id_},
                start_time=began,
            ).end(ended)

    @contextmanager
    def submit(self, queue: str, tasks: int) -> Iterator[Sent]:
        """See `Traces`."""
        attributes = _messaging("send", "submit", queue)
        spans = [
            self._tracer.start_span("task.submit", kind=SpanKind.PRODUCER, attributes=attributes)
            for _ in range(tasks)
        ]
        with _sending(spans) as sent:
            yield sent

    @contextmanager
    def run(self, queue: str, id: str, number: int, context: str) -> Iterator[Attempt]:
        """See `Traces`. While it goes on, its span is current."""
        own: dict[str, str | int] = {_ID: id, "thoughtstream.attempt": number}
        span = self._tracer.start_span(
            "task.run",
            _NOWHERE,
            kind=SpanKind.CONSUMER,
            attributes=_messaging("process", "run", queue) | own,
            links=_links(context),
        )
        attempt = _Attempt(span)
        with use_span(span, True, record_exception=False, set_status_on_exception=False):
            try:
                yield attempt
            finally:
                attempt.tell()

    @contextmanager
    def caused_by(self, context: str) -> Iterator[None]:
        """See `Traces`."""
        token = attach(_read(context))
        try:
            yield
        finally:
            detach(token)


class _Sent(Sent):
    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._ids: Sequence[str | None] = ()
        self.contexts = [_written(span) for span in spans]

    def named(self, ids: Sequence[str | None]) -> None:
        self._ids = ids

    def tell(self) -> None:
        for number, span in enumerate(self._spans):
            id_ = self._ids[number] if number < len(self._ids) else None
            if id_ is None:
                span.set_status(Status(StatusCode.ERROR, "was not written, or no answer came"))
            else:
                span.set_attribute(_ID, id_)
            span.end()


@contextmanager
def _sending(spans: Sequence[Span]) -> Iterator[Sent]:
    sent = _Sent(spans)
    try:
        yield sent
    finally:
        sent.tell()


class _Attempt(Attempt):
    def __init__(self, span: Span) -> None:
        self._span = span
        self._outcome, self._is_well = "lost", False

    def ended(self, outcome: str, *, well: bool) -> None:
        self._outcome, self._is_well = outcome, well

    def tell(self) -> None:
        self._span.set_attribute(_OUTCOME, self._outcome)
        self._span.set_status(Status(StatusCode.OK if self._is_well else StatusCode.ERROR))


def _messaging(kind: str, name: str, destination: str) -> dict[str, str | int]:
    return {
        "messaging.system": "redis",
        "messaging.operation.type": kind,
        "messaging.operation.name": name,
        "messaging.destination.name": destination,
    }


def _of(mind: str, window: str, kind: str, name: str) -> dict[str, str | int]:
    own = {"thoughtstream.mind": mind, "thoughtstream.window": window}
    return _messaging(kind, name, window) | own


def _read(context: str) -> Context:
    """What others wrote; nothing, if it is no context."""
    return _carrier.extract({FIELD: context}, _NOWHERE)


def _written(span: Span) -> str:
    written: dict[str, str] = {}
    _carrier.inject(written, set_span_in_context(span, _NOWHERE))
    return written.get(FIELD, "")


def _links(context: str) -> list[Link]:
    origin = get_current_span(_read(context)).get_span_context() if context else None
    return [Link(origin)] if origin is not None and origin.is_valid else []


def _just(took_s: float) -> tuple[int, int]:
    """When something began and ended that took so long, in ns."""
    now = time.time_ns()
    return now - round(took_s * 1e9), now
