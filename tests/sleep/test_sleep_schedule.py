"""The service has its minds sleep on schedule; a sleeper that is killed is taken over from."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until
from tests.services import ServiceProcess, until
from tests.sleep.distillers import Held
from tests.sleep.memories import KETTLE, Past, picture, remember
from thoughtstream import Mind, keys, sleep_schedule
from thoughtstream.config import MemoryConfig, QueueConfig, Settings
from thoughtstream.coordination.queue import Queue
from thoughtstream.faults import Faults
from thoughtstream.memory import consolidation
from thoughtstream.sleep_schedule import QUEUE, SleepSchedule
from thoughtstream.store.client import Client

pytestmark = pytest.mark.slow

EVERY_S = "1"
REPEATED = [Past(f"The disk is {n}% full") for n in range(3)]


def service(server: RedisServer, home: Path, **settings: str) -> ServiceProcess:
    own = {"MEMORY__SLEEP_EVERY_S": EVERY_S} | settings
    return ServiceProcess(server.url, home, **own)


async def test_the_service_has_minds_sleep_and_those_that_fail_stop_nobody(
    redis: Any, server: RedisServer, tmp_path: Path
) -> None:
    for name in ("ana", "bob", "sick"):
        await redis.xadd(keys.WINDOW.key(mind=name, window="sensory"), {"content": "awake"})
    await redis.set(keys.SLEEP.key(mind="sick"), "no hash")
    await remember(redis, "ana", REPEATED)
    await remember(redis, "bob", REPEATED)
    process = service(server, tmp_path / "service").start().wait_until_ready()
    try:
        with server.client() as client:
            for name in ("ana", "bob"):
                semantic = keys.SEMANTIC.key(mind=name)
                wait_until(partial(client.xlen, semantic), f"{name} has slept")
            slept_at = client.hget(keys.SLEEP.key(mind="ana"), "slept_at")
            wait_until(
                lambda: client.hget(keys.SLEEP.key(mind="ana"), "slept_at") != slept_at,
                "ana has slept again",
            )
        assert process.stop() == 0
    finally:
        process.kill()
        await redis.delete(keys.SLEEP.key(mind="sick"))
    assert (await picture(redis, "ana"))["ledger"]["distilled"] == 1


def test_a_wrong_distiller_is_a_wrong_configuration(server: RedisServer, tmp_path: Path) -> None:
    process = service(server, tmp_path, MEMORY__SLEEP_DISTILLER="no.such:Thing").start()
    wait_until(lambda: process.ended() is not None, "the service has ended")
    assert process.ended() == 78
    assert "memory.sleep_distiller" in process.log.read_text()


async def test_a_killed_sleeper_is_taken_over_from(
    redis: Any, server: RedisServer, settings: Settings, tmp_path: Path, monkeypatch: Any
) -> None:
    """kill -9 of the command in the middle of a session; the next one resumes it."""
    memories = [Past(f"thing {chr(97 + n // 26)}{chr(97 + n % 26)}q happened") for n in range(600)]
    same = [memory for memory in memories for _ in range(4)]
    await remember(redis, "ana", same)
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url})
    sleeper: subprocess.Popen[str] = terminal.start("sleep", "--mind", "ana")
    ledger = keys.LEDGER.key(mind="ana")
    with server.client() as client:
        wait_until(lambda: int(client.hget(ledger, "merged") or 0) >= 20, "it is at work")
        sleeper.send_signal(signal.SIGKILL)
        sleeper.communicate(timeout=30)
        assert int(client.hget(ledger, "merged") or 0) < 1800
    refused = await asyncio.to_thread(terminal.json, "sleep", "--mind", "ana", code=1)
    assert "asleep already" in refused["error"]
    # Its lease of half a minute is over at once for who holds for shorter ones.
    monkeypatch.setattr(consolidation, "LEASE_MS", 100)
    async with Mind.connect("ana", settings=settings) as mind:
        report = await mind.sleep()
    assert report.resumed
    assert (len(report.merged), len(report.distilled)) == (1800, 600)
    after = await picture(redis, "ana")
    assert after["ledger"] == {"replayed": 600, "merged": 1800, "distilled": 600}
    assert all(len(memory["merged"]) == 3 for memory in after["episodic"])


@pytest.mark.parametrize("width", ["60", "200"])
async def test_the_command(redis: Any, server: RedisServer, tmp_path: Path, width: str) -> None:
    await remember(redis, "ana", [*REPEATED, Past("thanks a lot"), Past("Thanks a lot!")])
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url, "COLUMNS": width})

    def commands() -> None:
        would = terminal.json("sleep", "--mind", "ana", "--dry-run")
        assert would["dry_run"]
        assert would["session"] is None
        shown = terminal.run("sleep", "--mind", "ana")
        assert shown.returncode == 0
        assert "reviewed 5 memories" in shown.stdout
        assert would["distilled"][0]["id"] in shown.stdout
        again = terminal.json("sleep", "--mind", "ana")
        assert again | {"session": "", "dry_run": True} == {
            "mind": "ana", "session": "", "resumed": False, "dry_run": True, "memories": 5,
            "replayed": [], "merged": [], "distilled": [],
        }  # fmt: skip
        assert "Thanks a lot!" in terminal.run("merged", "--mind", "ana").stdout

    await asyncio.to_thread(commands)


@asynccontextmanager
async def schedules(*minds: tuple[Client, Settings, list[str]]) -> AsyncIterator[None]:
    """The schedules of services that serve these minds."""

    def run(redis: Client, its: Settings, served: list[str]) -> asyncio.Task[None]:
        return asyncio.create_task(SleepSchedule(redis, its).run(lambda: served))

    running = [run(*one) for one in minds]
    yield
    for task in running:
        task.cancel()
    await asyncio.wait(running)


async def test_services_share_what_is_due_and_each_mind_sleeps_once(
    redis: Client, settings: Settings
) -> None:
    names = [f"mind {number}" for number in range(12)]
    for name in names:
        await remember(redis, name, REPEATED)
    memory = MemoryConfig(sleep_every_s=10, sleep_distiller="tests.sleep.distillers:Held")
    own = settings.model_copy(update={"memory": memory})
    Held.asked, Held.go = 0, asyncio.Event()
    queue = Queue(redis, QUEUE)

    async def others_have_slept() -> bool:
        return (await queue.audit()).completed == len(names) - 1

    async def all_have() -> bool:
        return (await queue.audit()).completed == len(names)

    # The second serves none of them, and one that serves them is held up by the first mind.
    async with schedules((redis, own, names), (redis, own, []), (redis, own, names)):
        await until(others_have_slept)
        assert Held.asked == len(names)
        Held.go.set()
        await until(all_have)
    audit = await queue.audit()
    assert (audit.submitted, audit.balanced) == (len(names), True), "one task a mind and period"
    for name in names:
        ledger = (await picture(redis, name))["ledger"]
        assert (ledger["distilled"], ledger["replayed"]) == (1, 3)


async def test_what_a_killed_service_was_at_another_service_ends(
    redis: Client, server: RedisServer, settings: Settings, tmp_path: Path, monkeypatch: Any
) -> None:
    await redis.xadd(keys.WINDOW.key(mind="ana", window="sensory"), {"content": "awake"})
    await remember(redis, "ana", REPEATED)
    stuck = {"MEMORY__SLEEP_DISTILLER": "tests.sleep.distillers:Stuck", "QUEUE__LEASE_S": "1"}
    process = service(server, tmp_path / "service", **stuck).start().wait_until_ready()
    queue = Queue(redis, QUEUE)
    try:
        await until(lambda: redis.hget(keys.SLEEP.key(mind="ana"), "session"))
    finally:
        process.kill()
    assert (await queue.audit()).completed == 0
    # Its lease of half a minute is over at once for who holds for shorter ones.
    monkeypatch.setattr(consolidation, "LEASE_MS", 100)
    monkeypatch.setattr(sleep_schedule, "LEASE_MS", 100)
    update = {"memory": MemoryConfig(sleep_every_s=1000), "queue": QueueConfig(lease_s=1)}
    own = settings.model_copy(update=update)
    async with schedules((redis, own, [])):
        await until(lambda: redis.hget(keys.SLEEP.key(mind="ana"), "slept_at"))
        await until(lambda: _nothing_is_left(queue))
    audit = await queue.audit()
    assert audit.balanced and audit.returned == 1
    ledger = (await picture(redis, "ana"))["ledger"]
    assert (ledger["distilled"], ledger["replayed"]) == (1, 3)


@pytest.mark.parametrize("end", ["slept elsewhere", "deleted"])
async def test_what_failed_here_and_went_well_elsewhere_is_told_no_longer(
    redis: Client, settings: Settings, monkeypatch: Any, end: str
) -> None:
    monkeypatch.setattr(sleep_schedule, "_LOOK_AFTER_FAILED_S", 0.01)
    await remember(redis, "ana", KETTLE)
    ledger = keys.LEDGER.key(mind="ana")
    ask: Any = redis
    await ask.set(ledger, "no hash")
    faults = Faults()
    own = settings.model_copy(update={"memory": MemoryConfig(sleep_every_s=100)})
    schedule = SleepSchedule(redis, own, faults)
    running = asyncio.create_task(schedule.run(lambda: ()))
    await schedule._begin(await schedule._due(["ana"]))

    async def is_told() -> bool:
        return bool(faults.told())

    async def is_not_told() -> bool:
        return not faults.told()

    try:
        await until(is_told)
        await redis.delete(ledger)
        async with Mind.connect("ana", settings=settings) as mind:
            assert faults.told(), "it has not slept yet"
            await (mind.sleep() if end == "slept elsewhere" else mind.delete(confirm="ana"))
        await until(is_not_told)
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_a_full_redis_keeps_nobody_from_sleeping(redis: Client, settings: Settings) -> None:
    """What is merged frees memory; a task would take some."""
    for name in ("zoe", "ana"):  # the first, so that the server knows our Functions
        await remember(redis, name, KETTLE)
        if name == "zoe":
            async with Mind.connect(name, settings=settings) as zoe:
                await zoe.sleep()
    own = settings.model_copy(update={"memory": MemoryConfig(sleep_every_s=1)})
    await Queue(redis, QUEUE).audit()
    await redis.config_set("maxmemory", 1)

    async def has_merged() -> bool:
        return await redis.hget(keys.LEDGER.key(mind="ana"), "merged") == "1"

    try:
        async with schedules((redis, own, ["ana"])):
            await until(has_merged)
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await Queue(redis, QUEUE).audit()).submitted == 0


async def test_a_mind_that_slept_before_the_clock_was_set_back_does_not_stay_awake(
    redis: Client, settings: Settings
) -> None:
    await remember(redis, "ana", KETTLE)
    sleep = keys.SLEEP.key(mind="ana")
    before = await redis.clock_ms(sleep) + 3_600_000
    ask: Any = redis
    await ask.hset(sleep, "slept_at", before)
    own = settings.model_copy(update={"memory": MemoryConfig(sleep_every_s=1)})

    async def has_slept() -> bool:
        return int(await ask.hget(sleep, "slept_at")) < before

    async with schedules((redis, own, ["ana"])):
        await until(has_slept)


async def _nothing_is_left(queue: Queue) -> bool:
    audit = await queue.audit()
    return audit.waiting + audit.delayed + audit.leased == 0
