"""A run of evolution: every evaluation counted once whatever becomes of workers, resumed where it
was, and the same again from the same seed.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.coordination.conftest import until
from tests.servers import RedisServer
from thoughtstream.colony import Colony
from thoughtstream.config import SalienceConfig, Settings
from thoughtstream.evolving.architecture import Architecture
from thoughtstream.evolving.breeding import GENERATION, Breeding, Outcome
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.evolving.evolution_run import EvolutionRun, Progress
from thoughtstream.evolving.heritage import Heritage
from thoughtstream.evolving.record import Entry, Plan, Record
from thoughtstream.evolving.tasks import evaluations, nursery_settings
from thoughtstream.evolving.workers import WorkerEnded, Workers
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.learning.lineage import Lineage

pytestmark = pytest.mark.slow

CHATS = Path(__file__).parents[1] / "bench" / "chats"
WORK = [sys.executable, "-m", "thoughtstream.faces.cli.tethered", "work",
        "thoughtstream.evolving.tasks:evaluations", "--slots", "1"]  # fmt: skip


@pytest.fixture
async def settings(
    settings: Settings, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Settings]:
    """Those that workers load, too; and the Redis in which they try out minds is stopped."""
    monkeypatch.setenv("THOUGHTSTREAM_HOME", str(settings.home))
    monkeypatch.setenv("REDIS_URL", server.url)
    yield settings
    await EmbeddedRedis(nursery_settings(settings)).stop()


def begun() -> tuple[Plan, list[Dialogue]]:
    """A plan of two small conversations."""
    dialogues = [
        one for name in ("english", "german") for one in Dialogue.read(CHATS / f"{name}.json")
    ]
    first, second = (one.digest for one in dialogues)
    return Plan(3, 0.2, (first,), (second,), SalienceConfig().model_dump()), dialogues


@asynccontextmanager
async def working(colony: Colony) -> AsyncIterator[None]:
    """A worker within this process."""
    stop = asyncio.Event()
    task = asyncio.create_task(colony.work(evaluations, stop, slots=2))
    yield
    stop.set()
    await task


def told(ledger: dict[str, Entry]) -> dict[str, Entry]:
    """Without what is another each time: how long it took, and who did it."""
    return {id_: replace(entry, cycle_ms=0.0, by="") for id_, entry in ledger.items()}


async def test_a_run_with_a_killed_worker_resumed_is_the_run_without(
    redis: Any, settings: Settings
) -> None:
    plan, dialogues = begun()
    seen: list[Progress] = []
    async with Colony.connect(settings=settings) as colony:
        record = Record(colony.redis, plan.run)
        await record.begin(plan, dialogues)
        async with Workers(WORK, 2, settings.home / "workers.log") as workers:
            evolving = asyncio.create_task(
                EvolutionRun(colony, plan, seen.append).go_on(60, generations=1)
            )
            await until(lambda: len(seen) > 5)
            killed = [await workers.kill_one() for _ in range(2)]
            first = await evolving
            assert first.generation == 1 and not {*killed} & {*workers.pids}
            resumed = EvolutionRun(colony, plan, seen.append)
            second = await resumed.go_on(60, generations=2)
        ledger = await record.ledger()
        bred = [id_ for id_ in ledger if id_.startswith(("evolved:", "random:"))]
        assert len(bred) == 2 * 2 * GENERATION == len(set(bred))
        assert second.evaluations == len(ledger) and not resumed.twice
        audit = await colony.queue(evaluations.name).audit()
        assert audit.balanced and audit.completed == audit.submitted == len(ledger), "none twice"
        assert audit.returned, "what a killed worker had went back"
        assert {entry.by.rpartition("-")[2] for entry in ledger.values()} - {str(os.getpid())}

    await redis.flushall()
    async with Colony.connect(settings=settings) as colony:
        record = Record(colony.redis, plan.run)
        await record.begin(plan, dialogues)
        async with working(colony):
            again = await EvolutionRun(colony, plan, seen.append).go_on(60, generations=2)
        assert again.standings == second.standings
        assert told(await record.ledger()) == told(ledger)


async def test_a_worker_that_ends_by_itself_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no redis-server here')"]
    async with Workers(command, 2, tmp_path / "log") as workers:
        with pytest.raises(WorkerEnded, match="no redis-server here"):
            await workers.watch()


async def test_the_next_run_of_a_lineage_begins_with_what_the_one_before_found(
    redis: Any, settings: Settings
) -> None:
    async with Colony.connect(settings=settings) as colony, working(colony):
        heritage = Heritage(colony.redis, "kin", settings.inference)
        assert await heritage.inherited() == ()
        plan, dialogues = begun()
        plan = replace(plan, lineage="kin")
        await Record(colony.redis, plan.run).begin(plan, dialogues)
        first = EvolutionRun(colony, plan, lambda _: None, heritage)
        best = (await first.go_on(60, generations=1)).standings["evolved"]
        await EvolutionRun(colony, plan, lambda _: None, heritage).go_on(60, generations=1)
        belief = await Lineage(colony.redis, "kin").believes("salience.news")
        assert belief.observations == 1, "what was done before is not learned again"

        inherited = await heritage.inherited()
        numbers = Architecture(SalienceConfig(**best.salience)).numbers
        for (mean, deviation), number in zip(inherited, numbers, strict=True):
            assert abs(mean - number) < abs(0.5 - number) + 1e-9 and 0 < deviation < 0.5

        again = replace(plan, inherited=inherited)
        assert again.run == plan.run
        assert await Record(colony.redis, plan.run).begin(again, dialogues) == plan, "as it began"
        heirs, others = (
            Breeding(9, numbers, Outcome(0.5, (0, 0)), prior).next() for prior in (inherited, ())
        )
        drawn = [id_ for id_, one in heirs.items() if (one != others[id_]).any()]
        assert len(drawn) == GENERATION // 2 and all(id_.startswith("evolved:") for id_ in drawn)
