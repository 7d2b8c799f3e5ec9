"""On somebody else's Redis: not everything is allowed there, and not everything is set as ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from tests.engine.conftest import CALM, QUICK
from tests.engine.flow import at_rest
from tests.servers import RedisServer, strangers
from tests.services import running
from thoughtstream import Mind, keys
from thoughtstream.config import RedisConfig, Settings
from thoughtstream.faces import overview


def settings_of(url: str, tmp_path: Path) -> Settings:
    redis = RedisConfig(url=url)
    return Settings(home=tmp_path / "home", redis=redis, streams=QUICK, memory=CALM)


@contextmanager
def server_with(version: str, directory: Path, *directives: str) -> Iterator[RedisServer]:
    server = RedisServer(strangers()[version], directory, *directives).start()
    try:
        yield server
    finally:
        server.stop()


async def goes_all_the_way(settings: Settings) -> list[str]:
    """A thought of a stranger, to a window that is new, is attended and remembered; returns what
    the service warned of.
    """
    with structlog.testing.capture_logs() as logs:
        async with running(settings) as service, Mind.connect("ana", settings=settings) as mind:
            await strange_thought(mind)
            await at_rest(mind, 1)
            assert [hit.content for hit in await mind.recall("kettle")] == ["the kettle is on"]
            found = await overview.collect(settings)
            assert [mind["mind"] for mind in found["minds"]] == ["ana"]
            assert not service.done()
    return [entry["event"] for entry in logs if entry["log_level"] == "warning"]


async def strange_thought(mind: Mind) -> None:
    window = keys.WINDOW.key(mind=mind.name, window="new")
    await mind._redis.xadd(window, {"content": "the kettle is on"})


WITHHELD = {
    "config": [],
    "subscribe": ["notifications.off"],
    "psubscribe": ["windows.looked_for"],
    "info": [],
}


@pytest.mark.parametrize("version", sorted(strangers()))
@pytest.mark.parametrize("command", WITHHELD)
@pytest.mark.parametrize("how", ["unknown", "forbidden"])
async def test_a_command_that_is_withheld_ends_nothing(
    version: str, command: str, how: str, tmp_path: Path
) -> None:
    withheld = f'rename-command {command} ""'
    if how == "forbidden":
        withheld = f"user default on nopass ~* &* +@all -{command}"
    with server_with(version, tmp_path, withheld) as server:
        warned = await goes_all_the_way(settings_of(server.url, tmp_path))
    assert [event for event in warned if not event.startswith("memory.")] == WITHHELD[command]


@pytest.mark.parametrize("version", sorted(strangers()))
async def test_who_may_not_have_notifications_is_served_with_a_warning(
    version: str, tmp_path: Path
) -> None:
    directives = ('notify-keyspace-events ""', 'rename-command CONFIG ""')
    with server_with(version, tmp_path, *directives) as server:
        warned = await goes_all_the_way(settings_of(server.url, tmp_path))
    assert warned == ["notifications.off"]


@pytest.mark.parametrize("version", sorted(strangers()))
@pytest.mark.parametrize("query", ["db=3", "protocol=3", "db=3&protocol=3"])
async def test_any_database_and_protocol(version: str, query: str, tmp_path: Path) -> None:
    """Also where nothing is ever evicted; and it is told of writes, so that nothing is polled."""
    with server_with(version, tmp_path, "maxmemory-policy noeviction") as server:
        assert await goes_all_the_way(settings_of(f"{server.url}?{query}", tmp_path)) == []


async def test_databases_do_not_hear_of_each_other(own_server: RedisServer, tmp_path: Path) -> None:
    one, other = (settings_of(f"{own_server.url}?db={n}", tmp_path / str(n)) for n in (0, 3))
    async with running(one), running(other), Mind.connect("ana", settings=one) as ana:
        await strange_thought(ana)
        await at_rest(ana, 1)
        async with Mind.connect("bob", settings=other) as bob:
            await strange_thought(bob)
            await at_rest(bob, 1)
            assert [mind["mind"] for mind in (await overview.collect(other))["minds"]] == ["bob"]
            watched = await bob._redis.pubsub_channels()
            assert [channel for channel in watched if "@3__:thought:{bob}" in channel]
            assert not [channel for channel in watched if "@3__:thought:{ana}" in channel]
