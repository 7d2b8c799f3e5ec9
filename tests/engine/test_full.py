"""A full disk and a full memory: thoughts are refused, none is lost, and it goes on."""

import asyncio

import psutil
import pytest
from structlog.testing import capture_logs

from tests.engine.flow import at_rest, client_of, flow, more
from tests.servers import RedisServer, wait_until
from tests.services import running, until
from thoughtstream import Mind
from thoughtstream.attention.attention import LIBRARY
from thoughtstream.config import Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import MemoryFull, WritesRefused
from thoughtstream.service import run


async def test_a_full_disk_refuses_thoughts_and_loses_none(
    own_server: RedisServer, own: Settings
) -> None:
    async with running(own) as service, Mind.connect("ana", settings=own) as mind:
        async with flow("ana", own) as acknowledged:
            await more(acknowledged)
            rewritten = rewrite_log(own_server)  # this log is opened in another way than the first
            await more(acknowledged)
            fill_disk(own_server, full=True)
            await until(lambda: refused(mind, acknowledged))
            with pytest.raises(WritesRefused, match="disk"):
                await mind.think("no room for me")
            with pytest.raises(WritesRefused):
                await mind.attend()
            await asyncio.sleep(1.5)  # some heartbeats of the service fail
            assert not service.done()
            fill_disk(own_server, full=False)
            await more(acknowledged)
        await at_rest(mind, len(acknowledged))
        await until(lambda: written_anew(own_server, rewritten))
        own_server.kill()
        own_server.start()
    async with running(own), Mind.connect("ana", settings=own) as mind:
        await at_rest(mind, len(acknowledged))


def log_of(server: RedisServer) -> str:
    """The name of the file that a server appends to, another one after each rewrite."""
    logs = server.directory.glob("appendonlydir/*.incr.aof")
    return max(logs, key=lambda path: int(path.name.split(".")[2])).name


def rewrite_log(server: RedisServer) -> str:
    """Returns its new name."""
    before = log_of(server)
    with server.client() as client:
        client.bgrewriteaof()
    wait_until(lambda: was_written_anew(server, before), "the log is written anew")
    return log_of(server)


async def written_anew(server: RedisServer, before: str) -> bool:
    return was_written_anew(server, before)


def was_written_anew(server: RedisServer, before: str) -> bool:
    """Whether there is another log than `before`, and nothing needs the old one any more."""
    with server.client() as client:
        writes = client.info("persistence")["aof_rewrite_in_progress"]
    return not writes and log_of(server) != before


def fill_disk(server: RedisServer, *, full: bool) -> None:
    """The server's files can't grow, but for a part of what comes next; or they can."""
    log = server.directory / "appendonlydir" / log_of(server)
    most = log.stat().st_size + 100 if full else psutil.RLIM_INFINITY
    psutil.Process(server.pid).rlimit(psutil.RLIMIT_FSIZE, (most, psutil.RLIM_INFINITY))


async def refused(mind: Mind, acknowledged: list[str]) -> bool:
    try:
        acknowledged.append(await mind.think("is there room?"))
    except WritesRefused:
        return True
    return False


async def test_a_full_memory_refuses_thoughts_and_is_served_on(
    own_server: RedisServer, own: Settings
) -> None:
    async with (
        client_of(own) as redis,
        Mind.connect("ana", settings=own) as mind,
        running(own) as service,
    ):
        ids = [await mind.think(f"thought {number}") for number in range(50)]
        await redis.config_set("maxmemory", 1)
        with pytest.raises(MemoryFull):
            await mind.think("no room for me")
        audit = await at_rest(mind, len(ids))
        assert audit.anchored > 0
        assert audit.anchored + audit.expired == len(ids)
        [before] = await alive_services(redis)

        async def renewed() -> bool:
            [now] = await alive_services(redis)
            return now.last_seen > before.last_seen

        await until(renewed)
        service.cancel()
        await asyncio.wait({service})
        async with running(own):  # it can even start
            assert len(await alive_services(redis)) == 1


@pytest.mark.parametrize("before", ["nobody", "another version"])
async def test_who_comes_to_a_full_redis_without_our_code_says_so_and_goes_on(
    own_server: RedisServer, own: Settings, before: str
) -> None:
    """It refuses FUNCTION LOAD, too."""
    async with client_of(own) as redis, Mind.connect("ana", settings=own) as mind:
        if before == "another version":
            async with running(own):
                pass
            await redis.function_load(LIBRARY.code + "\n-- as it was", replace=True)
        await mind.think("is there room?")
        await redis.config_set("maxmemory", 1)
        with capture_logs() as logs:
            service = asyncio.create_task(run(own, own_server.url, on_ready=lambda: None))

            async def is_said() -> bool:
                assert not service.done()
                said = [entry["error"] for entry in logs if entry["event"] == "redis.full"]
                return any("maxmemory" in error for error in said)

            await until(is_said)
        await redis.config_set("maxmemory", 0)
        await at_rest(mind, 1)
        service.cancel()
        await asyncio.wait({service})
