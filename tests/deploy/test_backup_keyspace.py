"""What `keyspace` does on a host, run as it is run there, against real servers: it counts, it tells
one value from another, and what it carries over to another shape is the same by value.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from deploy.backups import keyspace
from deploy.backups.manifest import KeyspaceDigest, combined
from tests.clusters import free_port, running
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream.config import AgentsConfig, RedisConfig
from thoughtstream.coordination.agents import Agents
from thoughtstream.coordination.membership import Membership
from thoughtstream.store.connection import connect

pytestmark = pytest.mark.slow

ADMIN = "user admin on >secret ~* &* +@all"
MANY = 1500

Server = Callable[..., RedisServer]


def run(*arguments: str) -> dict[str, Any]:
    """What the program prints, run as on a host."""
    source = Path(keyspace.__file__).read_text()
    ran = subprocess.run(
        [sys.executable, "-c", source, *arguments],
        capture_output=True, text=True, check=True, env=os.environ | {"REDISCLI_AUTH": "secret"},
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def held(*where: str) -> KeyspaceDigest:
    return KeyspaceDigest.model_validate(run("digest", *where))


@pytest.fixture(params=sorted(programs()))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Makes servers of a version; they end with the test."""
    started = []

    def make(directory: Path, *directives: str) -> RedisServer:
        directory.mkdir(exist_ok=True, parents=True)
        made = RedisServer(programs()[request.param], directory, ADMIN, *directives)
        started.append(made)
        return made

    yield make
    for each in started:
        each.stop()


def fill(server: RedisServer) -> None:
    """Keys of every type that a mind has, many of one, and some that end."""
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        pipe = client.pipeline(transaction=False)
        for n in range(MANY):
            pipe.hset(f"memory:{{mind {n % 7}}}:item:{n}", mapping={"content": f"it {n}", "n": n})
            pipe.xadd(f"memory:{{mind {n % 7}}}:episodic", {"n": n, "same": "twice"}, id=f"{n}-1")
        pipe.set(b"\x00binary\xff", bytes(range(256)))
        pipe.zadd("thought:{mind 0}:contest", {"a": 0.1, "b": -1e300, "c": float("inf")})
        pipe.sadd("thought:{mind 0}:windows", *(f"window {n}" for n in range(600)))
        pipe.rpush("list", *range(50))
        pipe.set("thought:{mind 1}:refractory:x", 1, ex=3600)
        stream = "thought:{mind 1}:window:memory"
        for n in range(5):
            pipe.xadd(stream, {"n": n})
        pipe.xgroup_create(stream, "group", id="0")
        pipe.xreadgroup("group", "consumer", {stream: ">"}, count=3)
        pipe.xtrim(stream, maxlen=4, approximate=False)
        pipe.function_load("#!lua name=lib\nredis.register_function('f', function() return 1 end)")
        pipe.execute()


def values(*clients: Any) -> dict[bytes, tuple[str, int]]:
    """Every key with the sha256 of its value, and when it ends."""
    return {
        key: (_value(client, key), client.pexpiretime(key))
        for client in clients
        for key in client.scan_iter(count=1000)
    }


def _value(client: Any, key: bytes) -> str:
    """Redis's own form; what has no order of its own is put in one."""
    kind = client.type(key)
    if kind == b"set":
        value = repr(sorted(client.smembers(key))).encode()
    elif kind == b"hash":
        value = repr(sorted(client.hgetall(key).items())).encode()
    else:
        value = client.dump(key)
    return hashlib.sha256(value).hexdigest()


def test_one_server_becomes_a_cluster_and_one_server_again(server: Server, tmp_path: Path) -> None:
    source = server(tmp_path / "one").start()
    fill(source)
    with redis.Redis(unix_socket_path=str(source.socket)) as client:
        before = values(client)
    saved = held("--socket", str(source.socket))
    assert saved.keys == MANY + 7 + 5 and saved.passing == 1 and len(saved.libraries) == 1

    (folder := tmp_path / "cluster").mkdir()
    with running(folder, server) as cluster:
        ports = [str(port) for port in cluster.servers]
        run("copy", "--socket", str(source.socket), "--port", ports[0], "--cluster")

        shards = [held("--port", port) for port in ports]
        assert all(shard.keys for shard in shards)
        assert saved.differences(combined(shards)) == []
        assert all(shard.libraries == saved.libraries for shard in shards)
        clients = [redis.Redis(port=int(port)) for port in ports]
        assert values(*clients) == before

        again = server(tmp_path / "again", "bind 127.0.0.1", f"port {free_port()}").start()
        with again.client() as client:
            port = client.config_get("port")["port"]
        for shard in cluster.servers.values():
            run("copy", "--socket", str(shard.socket), "--port", port)
        for each in clients:
            each.close()
    with redis.Redis(unix_socket_path=str(again.socket)) as client:
        assert values(client) == before
    assert saved.differences(held("--socket", str(again.socket))) == []


CHANGES: tuple[tuple[str, ...], ...] = (
    ("HSET", "memory:{mind 1}:item:1", "content", "is another"),
    ("XADD", "memory:{mind 1}:episodic", "9999-0", "n", "1"),
    ("XGROUP", "SETID", "thought:{mind 1}:window:memory", "group", "0"),
    ("XGROUP", "DELCONSUMER", "thought:{mind 1}:window:memory", "group", "consumer"),
    ("ZADD", "thought:{mind 0}:contest", "0.2", "a"),
    ("APPEND", "\x00binary", "more"),
    ("FUNCTION", "FLUSH"),
    ("RENAME", "list", "tsil"),
)


def test_every_change_is_seen(tmp_path: Path) -> None:
    server = RedisServer(programs()[WHEEL], tmp_path).start()
    try:
        fill(server)
        now = held("--socket", str(server.socket))
        with server.client() as client:
            for change in CHANGES:
                before = now
                client.execute_command(*change)
                now = held("--socket", str(server.socket))
                assert before.differences(now), change
    finally:
        server.stop()


def test_services_that_are_alive_are_no_data_and_other_agents_are(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    source = RedisServer(programs()[WHEEL], tmp_path / "one", ADMIN)
    bind = ("bind 127.0.0.1", f"port {free_port()}")
    target = RedisServer(programs()[WHEEL], tmp_path / "other", ADMIN, *bind)
    try:
        source.start()
        asyncio.run(_beat(source.url))
        assert run("keys", "--socket", str(source.socket)) == {"keys": 0}
        asyncio.run(_register(source.url, "ana"))
        assert run("keys", "--socket", str(source.socket)) == {"keys": 1}
        before = held("--socket", str(source.socket))
        asyncio.run(_beat(source.url))
        assert before.differences(held("--socket", str(source.socket))) == []
        port = bind[1].split()[1]
        target.start()
        run("copy", "--socket", str(source.socket), "--port", port)
        assert before.differences(held("--socket", str(target.socket))) == []
        assert asyncio.run(_listed(target.url)) == ["ana"]
    finally:
        source.stop()
        target.stop()


async def _beat(url: str) -> None:
    async with connect(RedisConfig(url=url)) as client:
        await Membership(client).renew(1)


async def _register(url: str, name: str) -> None:
    async with connect(RedisConfig(url=url)) as client:
        await Agents(client, AgentsConfig()).register(name, [])


async def _listed(url: str) -> list[str]:
    async with connect(RedisConfig(url=url)) as client:
        return [agent.id for agent in await Agents(client, AgentsConfig()).all()]
