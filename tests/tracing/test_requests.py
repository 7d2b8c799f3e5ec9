"""What a request over HTTP causes has what caused the request as its cause: `traceparent`."""

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.tracing.conftest import Told
from tests.tracing.test_thoughts import ELSEWHERE, SECRET, SPAN, TRACE
from tests.web.served import served
from thoughtstream.config import Settings

CAUSED = {"traceparent": ELSEWHERE}


def cause(span: ReadableSpan) -> tuple[int, int] | None:
    return (span.parent.trace_id, span.parent.span_id) if span.parent else None


async def test_the_header_is_the_cause(traced: Settings, told: Told) -> None:
    async with served(traced) as web:
        thoughts, tasks = "/v1/minds/ana/thoughts", "/v1/queues/chores/tasks"
        for headers in (CAUSED, {"traceparent": "nonsense"}, {}):
            made = await web.post(thoughts, {"content": "the kettle is on"}, headers=headers)
            assert made.status == 201
        made = await web.post(tasks, {"payload": "sweep"}, headers=CAUSED)
        assert made.status == 201, made.json
    assert [cause(span) for span in told("thought.produce")] == [(TRACE, SPAN), None, None]
    assert [cause(span) for span in told("task.submit")] == [(TRACE, SPAN)]


async def test_nobody_is_told_what_is_asked(
    traced: Settings, told: Told, exporter: InMemorySpanExporter
) -> None:
    async with served(traced) as web:
        assert (await web.get("/v1/minds/ana/memories?q=swordfish")).status == 200
        assert (await web.post("/v1/minds/ana/thoughts", {"content": SECRET})).status == 201
    spans = exporter.get_finished_spans()
    assert told("thought.produce")
    assert "swordfish" not in "".join(span.to_json() for span in spans)
