"""What a request over HTTP causes is in the trace of the request (the header `traceparent`)."""

from tests.tracing.conftest import Told
from tests.tracing.test_thoughts import ELSEWHERE, TRACE, context_of
from tests.web.served import served
from thoughtstream.config import Settings

CAUSED = {"traceparent": ELSEWHERE}


async def test_the_header_is_the_cause(traced: Settings, told: Told) -> None:
    """FastAPI may have a span of its own between: it tells the program's own OpenTelemetry."""
    async with served(traced) as web:
        thoughts, tasks = "/v1/minds/ana/thoughts", "/v1/queues/chores/tasks"
        for headers in (CAUSED, {"traceparent": "nonsense"}, {}):
            made = await web.post(thoughts, {"content": "the kettle is on"}, headers=headers)
            assert made.status == 201
        made = await web.post(tasks, {"payload": "sweep"}, headers=CAUSED)
        assert made.status == 201, made.json
    first, *others = [context_of(span).trace_id for span in told("thought.produce")]
    assert first == TRACE and TRACE not in others and len(others) == 2
    assert [context_of(span).trace_id for span in told("task.submit")] == [TRACE]
