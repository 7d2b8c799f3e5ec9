"""Workers run what is submitted: once where all goes well, again where it doesn't, never lost."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from tests.coordination.conftest import until
from tests.servers import RedisServer
from thoughtstream.config import QueueConfig
from thoughtstream.coordination.models import Claim, NewTask, Report, TaskState
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.running import Fail, Retry, Runner, current_task
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.coordination.worker import Worker
from thoughtstream.errors import InvalidTask
from thoughtstream.store.client import Client

SHORT = QueueConfig(lease_s=1)


@asynccontextmanager
async def working(
    redis: Client, tasks: TaskQueue, config: QueueConfig = SHORT, slots: int = 4
) -> AsyncIterator[Worker]:
    """A worker, stopped at the end as by SIGTERM."""
    queue = Queue(redis, tasks.name, config)
    with ThreadPoolExecutor(2) as threads:
        runner = Runner(tasks, queue, threads)
        worker = Worker(queue, runner.run, slots=slots)
        runner.say_progress = worker.say_progress
        task = asyncio.create_task(worker.work())
        try:
            yield worker
        finally:
            worker.stop()
            await task


async def ended(queue: Queue, id_: str) -> TaskState:
    """The task, when it is over."""
    found: list[TaskState | None] = [None]

    async def is_over() -> bool:
        found[0] = await queue.look(id_)
        return found[0] is not None and found[0].is_over

    await until(is_over)
    assert found[0] is not None
    return found[0]


@pytest.fixture
def tasks() -> TaskQueue:
    return TaskQueue("chores")


@pytest.fixture
def queue(redis: Client) -> Queue:
    return Queue(redis, "chores", SHORT)


async def test_an_async_and_a_plain_function_run_and_leave_their_result(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.task
    async def double(number: int) -> int:
        return 2 * number

    @tasks.task
    def shout(text: str, *, mark: str = "!") -> str:
        return text.upper() + mark

    async with working(redis, tasks):
        calls = double.with_args(21), shout.with_args("grüße", mark="?")
        one, two = await queue.submit(*(call.task() for call in calls))
        assert (await ended(queue, one)).text == "42"
        assert (await ended(queue, two)).text == '"GRÜSSE?"'
    assert await double(4) == 8, "the function itself can be called as before"
    assert (await queue.audit()).completed == 2


async def test_what_fails_is_tried_again_and_then_dead_with_its_reason(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    tries = []

    @tasks.task(retries=2)
    async def flaky() -> None:
        tries.append(current_task().attempt)
        raise Retry("not yet", delay_s=0.01)

    @tasks.task
    async def hopeless() -> None:
        raise Fail("there is no such place")

    async with working(redis, tasks):
        one, two = await queue.submit(flaky.with_args().task(), hopeless.with_args().task())
        assert await ended(queue, one) == TaskState(
            one, "failed", "not yet", '{"task": "flaky"}', 3, {}
        )
        assert (await ended(queue, two)).text == "there is no such place"
    assert tries == [1, 2, 3]
    audit = await queue.audit()
    assert (audit.dead, audit.retried, audit.balanced) == (2, 2, True)


async def test_a_task_that_takes_too_long_is_stopped(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.task(timeout_s=0.05, retries=0)
    async def slow() -> None:
        await asyncio.Event().wait()

    async with working(redis, tasks):
        [id_] = await queue.submit(slow.with_args().task())
        assert (await ended(queue, id_)).text == "took longer than 0.05 s (timeout_s)"


async def test_leases_are_renewed_while_a_task_is_worked_on(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    go_on = asyncio.Event()

    @tasks.task
    async def patient() -> str:
        await go_on.wait()
        return "done"

    async with working(redis, tasks), working(redis, tasks):
        [id_] = await queue.submit(patient.with_args().task())
        await asyncio.sleep(2.5 * SHORT.lease_s)  # what is tested is that time passes
        go_on.set()
        assert (await ended(queue, id_)).text == '"done"'
    audit = await queue.audit()
    assert (audit.returned, audit.late) == (0, 0)


async def test_a_cancelled_task_ends_where_it_runs(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    @tasks.task
    async def endless() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with working(redis, tasks):
        [id_] = await queue.submit(endless.with_args().task())
        await began.wait()
        assert await queue.cancel(id_)
        await asyncio.wait_for(cancelled.wait(), 10)
        assert (await ended(queue, id_)).state == "canceled"
    assert (await queue.audit()).balanced


async def test_progress_is_seen_while_it_runs(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    go_on = asyncio.Event()

    @tasks.task
    async def long() -> None:
        current_task().progress("halfway")
        await go_on.wait()

    async with working(redis, tasks):
        [id_] = await queue.submit(long.with_args().task())

        async def is_halfway() -> bool:
            state = await queue.look(id_)
            return state is not None and (state.state, state.text) == ("working", "halfway")

        await until(is_halfway)
        go_on.set()


async def test_a_task_can_ask_and_costs_nothing_while_it_waits(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.task(retries=0)
    async def book() -> str:
        where = current_task().ask("where to?")
        when = current_task().ask("when?")
        return f"{where}, {when}"

    async def asks(question: str) -> bool:
        state = await queue.look(id_)
        return state is not None and (state.state, state.text) == ("input_required", question)

    async with working(redis, tasks):
        [id_] = await queue.submit(book.with_args().task())
        await until(lambda: asks("where to?"))
        assert (await queue.audit()).leased == 0
        assert await queue.answer(id_, "Porto")
        await until(lambda: asks("when?"))
        assert await queue.answer(id_, "tomorrow")
        assert (await ended(queue, id_)).text == '"Porto, tomorrow"'
    assert not await queue.answer(id_, "never mind")


async def test_stopping_lets_what_is_under_way_end_and_takes_nothing_new(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    @tasks.task
    async def long() -> str:
        began.set()
        await go_on.wait()
        return "in time"

    async with working(redis, tasks) as worker:
        [first] = await queue.submit(long.with_args().task())
        await began.wait()
        worker.stop()
        await until(lambda: is_not_listening(queue))
        [second] = await queue.submit(long.with_args().task())
        go_on.set()
    assert (await ended(queue, first)).text == '"in time"'
    state = await queue.look(second)
    assert state is not None and state.state == "submitted"


async def is_not_listening(queue: Queue) -> bool:
    return (await queue.audit()).idle_workers == 0


async def test_a_worker_goes_on_after_redis_was_killed(
    redis: Client, tasks: TaskQueue, queue: Queue, server: RedisServer
) -> None:
    go_on, ran = asyncio.Event(), []

    @tasks.task
    async def note(what: str) -> None:
        ran.append(what)
        await go_on.wait()

    async with working(redis, tasks, QueueConfig()):  # a lease that outlasts the restart
        [before] = await queue.submit(note.with_args("before").task())
        await until(lambda: ran)
        await redis.config_set("appendfsync", "always")  # what it has answered is not the question
        await queue.submit(NewTask("{}", delay_s=1000))
        server.kill()
        go_on.set()
        server.start()
        assert (await ended(queue, before)).state == "completed"
        [after] = await queue.submit(note.with_args("after").task())
        assert (await ended(queue, after)).state == "completed"
    assert ran == ["before", "after"]


async def test_what_names_no_function_fails_with_a_word_of_which_there_are(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.task
    async def known() -> None: ...

    async with working(redis, tasks):
        [id_] = await queue.submit(NewTask("[" * 100_000, max_attempts=1))
        assert "it has: known" in (await ended(queue, id_)).text


async def test_a_fallback_gets_every_payload_as_it_was_submitted(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.fallback
    async def take(payload: str) -> int:
        return len(payload)

    async with working(redis, tasks):
        [id_] = await queue.submit(NewTask("just text"))
        assert (await ended(queue, id_)).text == "9"


async def test_an_idle_worker_is_handed_what_is_submitted(queue: Queue) -> None:
    assert (await queue.round("idler", claim=3, idle_ms=60_000)).claims == []
    one, two = await queue.submit(NewTask("now\nthen"), NewTask("later"))
    rung = await queue.listen("idler", 5)
    assert rung is not None
    claim = Claim.of(*rung.split("\n", 2))
    assert (claim.id, claim.payload, claim.attempt) == (one, "now\nthen", 1)
    [other] = (await queue.round("idler", [Report.done(claim)], claim=3, idle_ms=60_000)).claims
    assert other.id == two
    audit = await queue.audit()
    assert (audit.completed, audit.leased, audit.idle_workers) == (1, 1, 1)


async def test_many_tasks_run_side_by_side_up_to_the_slots(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    now, most = 0, 0

    @tasks.task
    async def one() -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    async with working(redis, tasks, slots=8):
        await queue.submit(*(one.with_args().task() for _ in range(500)))

        async def all_done() -> bool:
            return (await queue.audit()).completed == 500

        await until(all_done)
    assert 1 < most <= 8


def test_options_that_cannot_be_kept_are_refused_by_name() -> None:
    tasks = TaskQueue("chores")
    for options, said in (
        ({"retries": -1}, "max_attempts"), ({"timeout_s": 0}, "timeout_s"),
        ({"cron": "every day"}, "cron"), ({"priority": 5000}, "priority"),
    ):  # fmt: skip
        with pytest.raises(InvalidTask, match=said):
            tasks.task(**options)(lambda: None)
    tasks.task(name="one")(lambda: None)
    with pytest.raises(InvalidTask, match="one"):
        tasks.task(name="one")(lambda: None)


def test_arguments_that_are_no_json_are_refused() -> None:
    @TaskQueue("chores").task
    def take(what: object) -> None: ...

    with pytest.raises(InvalidTask, match="take"):
        take.with_args(object())
    with pytest.raises(InvalidTask, match="take"):
        take.with_args(float("nan"))
