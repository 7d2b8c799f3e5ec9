"""What has gone wrong with other queues and buses: each a case that ours survives.

Those that are not here are where their subject is: a full Redis, large payloads (test_bad_input), a
thousand who wait for one cold key (test_cache), what is sent to nobody (test_messages).
"""

import asyncio
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from tests.coordination.conftest import until
from tests.coordination.test_worker import ended, is_not_listening, working
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.config import QueueConfig, RedisConfig
from thoughtstream.coordination.models import Claim, NewTask, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.tasks import TaskQueue
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client

SHORT = QueueConfig(lease_s=1)
_processes = multiprocessing.get_context("forkserver")


@pytest.fixture
def queue(redis: Client) -> Queue:
    return Queue(redis, "q", SHORT)


@pytest.fixture
def tasks() -> TaskQueue:
    return TaskQueue("q")


def _claim_and_hang(url: str, name: str, said: Any) -> None:
    """A process that takes over a task as soon as it may, and never says anything again."""

    async def hang() -> None:
        queue = Queue(await open_client(RedisConfig(url=url)), "q", SHORT)
        claims: list[Claim] = []
        while not claims:
            claims = (await queue.round(name, claim=1)).claims
            await asyncio.sleep(0.01)
        said.send(claims[0].attempt)
        await asyncio.Event().wait()

    asyncio.run(hang())


async def test_who_takes_over_from_the_dead_is_killed_too(
    queue: Queue, server: RedisServer
) -> None:
    """taskiq-redis#131: nobody may take over any more. arq#343: not for hours."""
    [id_] = await queue.submit(NewTask("x"))
    for attempt in (1, 2):
        hears, said = _processes.Pipe(duplex=False)
        process = _processes.Process(target=_claim_and_hang, args=(server.url, f"w{attempt}", said))
        process.start()
        try:
            assert await asyncio.to_thread(hears.poll, 60) and hears.recv() == attempt
        finally:
            process.kill()
            process.join()
    claims: list[Claim] = []

    async def taken_over() -> bool:
        claims.extend((await queue.round("w3", claim=1)).claims)
        return bool(claims)

    await until(taken_over)
    assert [(one.id, one.attempt) for one in claims] == [(id_, 3)]
    assert not (await queue.round("w3", [Report.done(claims[0])])).lost
    audit = await queue.audit()
    assert (audit.completed, audit.returned, audit.balanced) == (1, 2, True)


async def test_of_what_has_ended_nothing_is_left(redis: Client) -> None:
    """taskiq-redis#130, safe-decoder-service#329, twenty#26219: ended, but never deleted."""
    config = QueueConfig(results_bytes=10_000, dead_entries=10, dead_bytes=10_000)
    queue = Queue(redis, "q", config)
    sizes = []
    for _ in range(12):
        await queue.submit(*(NewTask(f"{n}", max_attempts=1) for n in range(300)))
        claims = (await queue.round("w", claim=300)).claims
        reports = [Report.dead(c, "no") if c.payload.endswith("9") else Report.done(c, "yes")
                   for c in claims]  # fmt: skip
        await queue.round("w", reports)
        for _ in range(5):
            await queue.round("w")
        sizes.append(await _counts(redis, queue))
    assert all(size == sizes[5] for size in sizes[5:]), sizes
    audit = await queue.audit()
    assert (audit.completed, audit.dead, audit.balanced) == (3240, 360, True)
    assert audit.dead - audit.discarded == 10


async def _counts(redis: Client, queue: Queue) -> dict[str, int]:
    """How much there is in each of a queue's collections."""
    found: dict[str, int] = {}
    ask: Any = redis
    for family in keys.QUEUE:
        key = family.key(queue=queue.name)
        count = {"zset": "zcard", "hash": "hlen", "string": "strlen"}[family.type]
        found[family.name] = await getattr(ask, count)(key)
    return found


async def test_a_retry_and_a_redelivery_never_run_side_by_side(queue: Queue) -> None:
    """docket#245: both ran the same key at once."""
    [id_] = await queue.submit(NewTask("x", key="once"))
    [slow] = (await queue.round("slow", claim=1)).claims
    again: list[Claim] = []

    async def redelivered() -> bool:
        again.extend((await queue.round("quick", claim=1)).claims)
        return bool(again)

    await until(redelivered)
    assert (await queue.round("slow", [Report.retry(slow, "failed", 0)])).lost == {id_}
    assert (await queue.round("third", claim=9)).claims == [], "the retry has made no second one"
    assert await queue.submit(NewTask("x", key="once")) == [id_], "nor has who submits it again"
    audit = await queue.audit()
    assert (audit.submitted, audit.leased, audit.late) == (1, 1, 1)
    assert not (await queue.round("quick", [Report.done(again[0])])).lost


async def test_many_leases_that_end_at_once_are_swept_a_few_at_a_time(redis: Client) -> None:
    """docket#463: Redis stood still while it swept a million."""
    queue = Queue(redis, "q", QueueConfig(entries=20_000, lease_s=1))
    for _ in range(10):
        await queue.submit(*[NewTask("x")] * 1000)
    for _ in range(10):
        await queue.round("dead", claim=1000, lease_ms=1)
    audits = []
    for _ in range(3):
        await queue.round("w")
        audits.append(await queue.audit())
    returned = [audit.returned for audit in audits]
    assert 0 < returned[0] <= 1000 and returned[2] <= 3000, "one call does a bounded part of it"
    assert returned == sorted({*returned})
    assert all(audit.balanced for audit in audits)


@pytest.mark.slow
async def test_a_worker_drains_a_full_redis(redis: Client, tasks: TaskQueue, queue: Queue) -> None:
    """bullmq#3834: workers stopped at maxmemory."""

    @tasks.task
    async def echo(text: str) -> str:
        return text

    ids = await queue.submit(*(echo.with_args(str(n)).task() for n in range(50)))
    await redis.config_set("maxmemory", 1)
    try:
        async with working(redis, tasks):
            for id_ in ids:
                assert (await ended(queue, id_)).state == "completed"
    finally:
        await redis.config_set("maxmemory", 0)


async def test_a_worker_that_dies_in_the_last_attempt_leaves_a_dead_task(queue: Queue) -> None:
    """liteque#4: lost, and "running" for ever."""
    [id_] = await queue.submit(NewTask("x", max_attempts=1))
    await queue.round("dies", claim=1)

    async def is_dead() -> bool:
        await queue.round("another")
        state = await queue.look(id_)
        return state is not None and state.state == "failed"

    await until(is_dead)
    state = await queue.look(id_)
    assert state is not None and "its worker was lost" in state.text
    assert await queue.replay(id_) == 1
    assert [claim.id for claim in (await queue.round("w", claim=1)).claims] == [id_]


async def test_an_idle_worker_takes_what_the_dead_held(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    """arq#343: stuck for hours after a crash, though others were idle."""

    @tasks.fallback
    async def take(payload: str) -> str:
        return payload

    [id_] = await queue.submit(NewTask("x"))
    assert (await queue.round("dies", claim=1)).claims
    async with working(redis, tasks):
        await until(lambda: _listens(queue))
        assert (await ended(queue, id_)).state == "completed"


async def _listens(queue: Queue) -> bool:
    return not await is_not_listening(queue)


async def test_a_listener_whose_connection_is_cut_goes_on(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    """open-webui#28909: the listener died, and nobody knew."""

    @tasks.fallback
    async def take(payload: str) -> str:
        return payload

    async with working(redis, tasks):
        for number in range(3):
            await until(lambda: _blocks(redis))
            await _cut_all(redis)
            [id_] = await queue.submit(NewTask(str(number)))
            assert (await ended(queue, id_)).text == f'"{number}"'


async def _blocks(redis: Client) -> bool:
    ask: Any = redis
    return bool((await ask.info("clients"))["blocked_clients"])


async def _cut_all(redis: Client) -> None:
    ask: Any = redis
    await ask.client_kill_filter(_type="normal", skipme=True)


async def test_a_key_is_free_again_when_its_result_has_gone(redis: Client) -> None:
    """hivemoot#234: an index outlived what it pointed to."""
    queue = Queue(redis, "q", QueueConfig(result_ttl_s=1))
    [id_] = await queue.submit(NewTask("x", key="k"))
    [claim] = (await queue.round("w", claim=1)).claims
    await queue.round("w", [Report.done(claim, "ok")])
    assert await queue.submit(NewTask("x", key="k")) == [id_]

    async def is_gone() -> bool:
        await queue.round("w")
        return await queue.look(id_) is None

    await until(is_gone)
    assert await queue.submit(NewTask("y", key="k")) == [id_]
    [again] = (await queue.round("w", claim=1)).claims
    assert (again.payload, (await queue.audit()).submitted) == ("y", 2)


async def test_all_of_one_priority_come_in_their_order_each_once(redis: Client) -> None:
    """A million of one priority; `tests.bench.queue_sizes` measures as many."""
    queue = Queue(redis, "q", QueueConfig(entries=20_000))
    for start in range(0, 20_000, 1000):
        await queue.submit(*(NewTask(str(start + n), priority=1023) for n in range(1000)))
    read = []
    for _ in range(20):
        claims = (await queue.round("w", claim=1000)).claims
        read += [int(claim.payload) for claim in claims]
        await queue.round("w", [Report.done(claim) for claim in claims])
    assert read == list(range(20_000))


@pytest.mark.parametrize("hours", [1, 10_000])
async def test_a_clock_that_is_set_back_holds_up_nothing(
    hours: int, redis: Client, queue: Queue
) -> None:
    """Whoever held a task, or waits for its time, does not do so for hours more."""
    ids = await queue.submit(NewTask("held"), NewTask("later", delay_s=1))
    assert (await queue.round("dies", claim=1)).claims
    await _move(redis, queue, hours * 3_600_000)
    claims: list[Claim] = []

    async def all_claimed() -> bool:
        claims.extend((await queue.round("w", claim=9)).claims)
        return len(claims) == 2

    await until(all_claimed)
    assert {claim.id for claim in claims} == {*ids}
    await queue.round("w", [Report.done(claim) for claim in claims])
    audit = await queue.audit()
    assert (audit.completed, audit.balanced) == (2, True)


async def _move(redis: Client, queue: Queue, ms: int) -> None:
    """As if the server's clock had been that much ahead until now."""
    ask: Any = redis
    key = {family.name: family.key(queue=queue.name) for family in keys.QUEUE}
    await ask.hincrby(key["ledger"], "clock", ms)
    for name in ("leases", "delayed"):
        for member, score in await ask.zrange(key[name], 0, -1, withscores=True):
            await ask.zadd(key[name], {member: score + ms})


async def test_a_task_that_ignores_its_cancellation_is_cancelled_all_the_same(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    began, told, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @tasks.task
    async def stubborn() -> str:
        began.set()
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                told.set()
        return "done all the same"

    @tasks.task
    async def quick() -> str:
        return "quick"

    async with working(redis, tasks, slots=1):
        [id_] = await queue.submit(stubborn.with_args().task())
        await began.wait()
        assert await queue.cancel(id_)
        await asyncio.wait_for(told.wait(), 20)
        [other] = await queue.submit(quick.with_args().task())
        assert (await ended(queue, other)).text == '"quick"', "its slot is free"
        go_on.set()
    assert (await ended(queue, id_)).state == "canceled"
    audit = await queue.audit()
    assert (audit.completed, audit.cancelled, audit.balanced) == (1, 1, True)


async def test_functions_that_are_flushed_under_load_come_back(
    redis: Client, tasks: TaskQueue, queue: Queue
) -> None:
    @tasks.fallback
    async def take(payload: str) -> str:
        return payload

    ids: list[str] = []
    async with working(redis, tasks):
        for number in range(30):
            ids += await queue.submit(*[NewTask(str(number))] * 20)
            await redis.function_flush()
            assert (await ended(queue, ids[-20])).state == "completed"
        for id_ in ids:
            assert (await ended(queue, id_)).state == "completed"
    audit = await queue.audit()
    assert (audit.completed, audit.submitted, audit.balanced) == (600, 600, True)


async def test_what_is_no_utf_8_comes_back_as_it_was(
    redis: Client, tasks: TaskQueue, queue: Queue, tmp_path: Path
) -> None:
    odd = b"\xff\xfe caf\xe9".decode(errors="surrogateescape")

    @tasks.fallback
    async def take(payload: str) -> str:
        (tmp_path / "payload").write_bytes(payload.encode(errors="surrogateescape"))
        return payload

    async with working(redis, tasks):
        [id_] = await queue.submit(NewTask(odd, key="\udcff"))
        state = await ended(queue, id_)
    assert (state.state, state.id) == ("completed", "=\udcff")
    assert (tmp_path / "payload").read_bytes() == b"\xff\xfe caf\xe9"
