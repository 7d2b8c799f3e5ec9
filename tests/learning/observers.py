"""Processes that are one agent, or several, and observe a quantity as quickly as they can."""

import asyncio
import multiprocessing
from typing import Any

from thoughtstream.config import RedisConfig
from thoughtstream.learning.lineage import Lineage
from thoughtstream.store.connection import open_client

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["pytest", "tests.learning.observers"])

MOST_S = 60


def observe_at_once(url: str, agents: list[str], values: list[float]) -> None:
    """One process for each of these, which observes all the values as that agent, when all are
    ready.
    """
    gate = _processes.Barrier(len(agents))
    all_ = [
        _processes.Process(target=_observe, args=(url, agent, values, gate)) for agent in agents
    ]
    for one in all_:
        one.start()
    for one in all_:
        one.join(MOST_S)
        one.kill()
    assert [one.exitcode for one in all_] == [0] * len(all_)


def _observe(url: str, agent: str, values: list[float], gate: Any) -> None:
    async def do() -> None:
        redis = await open_client(RedisConfig(url=url))
        lineage = Lineage(redis, "kin")
        gate.wait(MOST_S)
        await asyncio.gather(*(lineage.observe(agent, "tea", value) for value in values))
        await redis.aclose()

    asyncio.run(do())
