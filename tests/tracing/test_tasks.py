"""The way of a task is told: who submitted it, each attempt at it, how that ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from tests.tracing.conftest import Told
from tests.tracing.test_thoughts import context_of, origins
from thoughtstream import Colony, Mind
from thoughtstream.config import Settings
from thoughtstream.coordination.models import NewTask
from thoughtstream.coordination.running import Fail, Retry, current_task
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.errors import TaskFailed

chores = TaskQueue("chores")
SECRET = "swordfish"


@chores.task(retries=1)
async def greet(name: str) -> str:
    if current_task().attempt == 1:
        raise Retry(SECRET, delay_s=0)
    return f"hello {name}"


@chores.task
async def give_up() -> None:
    raise Fail(SECRET)


@chores.task
def plainly() -> int:
    return trace.get_current_span().get_span_context().span_id


@chores.task
async def think(settings: str) -> None:
    async with Mind.connect("ana", settings=Settings.model_validate_json(settings)) as mind:
        await mind.think("done")


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[Colony]:
    stop = asyncio.Event()
    async with Colony.connect(settings=settings) as colony:
        work = asyncio.create_task(colony.work(chores, stop))
        try:
            yield colony
        finally:
            stop.set()
            await work


def outcome(span: ReadableSpan) -> tuple[object, ...]:
    said = dict(span.attributes or {})
    return said["thoughtstream.attempt"], said["thoughtstream.outcome"], span.status.status_code


async def test_each_attempt_is_linked_to_who_asked(traced: Settings, told: Told) -> None:
    async with working(traced) as colony:
        with trace.get_tracer("their own").start_as_current_span("theirs") as theirs:
            handle = await colony.submit(greet.with_args("Ana"))
        assert await handle.result() == "hello Ana"
    [submitted], runs = told("task.submit"), told("task.run")
    assert submitted.parent == theirs.get_span_context()
    assert submitted.kind is SpanKind.PRODUCER
    assert [outcome(run) for run in runs] == [
        (1, "submitted", StatusCode.ERROR), (2, "completed", StatusCode.OK)
    ]  # fmt: skip
    for run in runs:
        assert run.kind is SpanKind.CONSUMER and run.parent is None
        assert origins(run) == [context_of(submitted).span_id]
    assert len({context_of(span).trace_id for span in (submitted, *runs)}) == 3
    for span, kind, name in ((submitted, "send", "submit"), (runs[0], "process", "run")):
        said = dict(span.attributes or {})
        assert said["messaging.system"] == "redis"
        assert said["messaging.destination.name"] == "chores"
        assert said["messaging.message.id"] == handle.id
        assert said["messaging.operation.type"] == kind
        assert said["messaging.operation.name"] == name
    assert not any(word in span.to_json() for span in runs for word in (SECRET, "Ana"))


async def test_a_task_that_failed_for_good(traced: Settings, told: Told) -> None:
    async with working(traced) as colony:
        with pytest.raises(TaskFailed):
            await (await colony.submit(give_up.with_args())).result()
    [run] = told("task.run")
    assert outcome(run) == (1, "failed", StatusCode.ERROR)


async def test_what_a_task_does_is_part_of_it(traced: Settings, told: Told) -> None:
    async with working(traced) as colony:
        its = await (await colony.submit(plainly.with_args())).result()
        await (await colony.submit(think.with_args(traced.model_dump_json()))).result()
    plain, thinking = told("task.run")
    [produced] = told("thought.produce")
    assert context_of(plain).span_id == its
    assert produced.parent is not None and produced.parent.span_id == context_of(thinking).span_id


async def test_a_task_that_is_lost_is_told_as_lost(traced: Settings, told: Told) -> None:
    slow, begun = TaskQueue("slow"), asyncio.Event()

    @slow.task
    async def wait() -> None:
        begun.set()
        await asyncio.Event().wait()

    async with Colony.connect(settings=traced) as colony:
        handle = await colony.submit(wait.with_args())
        work = asyncio.create_task(colony.work(slow, asyncio.Event()))
        await begun.wait()
        await colony.queue("slow").cancel(handle.id)
        work.cancel()
        await asyncio.wait({work})
    [run] = told("task.run")
    assert outcome(run) == (1, "lost", StatusCode.ERROR)


async def test_the_context_is_no_part_of_the_payload(traced: Settings, told: Told) -> None:
    async with Colony.connect(settings=traced) as colony:
        queue = colony.queue("texts")
        ids = await queue.submit(NewTask("one\ntwo", priority=-3), NewTask("", key="k"))
        state = await queue.look(ids[0])
        claims = (await queue.round("me", claim=5)).claims
        assert state is not None and state.payload == "one\ntwo"
        assert {claim.payload for claim in claims} == {"one\ntwo", ""}
        assert all(len(claim.context) == 55 and claim.max_attempts == 3 for claim in claims)
        assert (await queue.audit()).balanced
    assert len(told("task.submit")) == 2


async def test_without_traces_a_task_has_no_context(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        queue = colony.queue("texts")
        await queue.submit(NewTask("one"))
        [claim] = (await queue.round("me", claim=1)).claims
        assert claim.context == "" and claim.payload == "one"
