"""Every sum comes out, whoever is killed while memories are let go of."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.conftest import own_server
from tests.servers import RedisServer, wait_until
from thoughtstream import Mind, keys
from thoughtstream.config import RedisConfig, Settings

__all__ = ["own_server"]

LEDGER = keys.LEDGER.key(mind="ana")
COUNTS = ("let_go", "superseded", "erased", "taken_back")


def wait_for_moves(server: RedisServer) -> None:
    """Each kind of move was made (again)."""

    def counts() -> list[int]:
        with server.client() as client:
            return [int(n or 0) for n in client.hmget(LEDGER, COUNTS)]

    before = counts()
    wait_until(lambda: all(now > n for now, n in zip(counts(), before, strict=True)), "moves")


async def check(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        assert (await mind.audit()).faults == []


async def check_all(settings: Settings) -> None:
    """What is there can be read, and the next erasure leaves nothing unfinished."""
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.erase(await mind.anchor("the last one"))
        memories = await mind.memories(limit=1000)
        audit = await mind.audit()
        assert (audit.faults, audit.memories) == ([], len(memories))
        for memory in memories:
            assert (await mind.memory(memory.id)).content == memory.content


@pytest.mark.slow
def test_every_sum_comes_out(own_server: RedisServer, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", redis=RedisConfig(url=own_server.url))
    program = [
        sys.executable, "-m", "tests.owner.letting_go", own_server.url, str(settings.home),
    ]  # fmt: skip
    workers = [subprocess.Popen(program) for _ in range(2)]
    try:
        for turn in range(3):
            wait_for_moves(own_server)
            if turn == 1:
                own_server.kill()
                own_server.start()
            workers[turn % 2].kill()
            workers[turn % 2].wait()
            asyncio.run(check(settings))
            workers[turn % 2] = subprocess.Popen(program)
        wait_for_moves(own_server)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    asyncio.run(check_all(settings))
    with own_server.client() as client:
        assert list(client.scan_iter(keys.REWRITTEN.glob)) == []
