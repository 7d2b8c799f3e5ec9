"""TLS and ACL: a service does all that it does as the user that `acl.py` describes, over TLS; what
that user must not do is refused, and what is wrong is said.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr
from redis.exceptions import NoPermissionError, RedisError

from tests import clusters
from tests.clusters import Cluster
from tests.engine.failover.minds import NAMES, at_rest, busy, in_thread, more, slot_of
from tests.lab.authority import Authority
from tests.servers import DEBIAN, RedisServer, programs
from tests.services import running
from thoughtstream import Mind, keys
from thoughtstream.acl import acl_rules
from thoughtstream.attention.attention import LIBRARY
from thoughtstream.config import ConfigError, MemoryConfig, RedisConfig, Settings, StreamConfig
from thoughtstream.health.checks import examine
from thoughtstream.store.connection import connect, open_client

pytestmark = pytest.mark.slow

SECRET = "a password"
STREAMS = StreamConfig(working_memory_ttl_ms=200, cycle_target_ms=5, working_memory_maxlen=0)


@dataclass
class Guarded:
    """Servers that speak TLS only and know the user `service`."""

    redis: RedisConfig
    server: RedisServer
    cluster: Cluster | None = None

    @property
    def servers(self) -> list[RedisServer]:
        """All of them."""
        return list(self.cluster.servers.values()) if self.cluster else [self.server]

    def tell(self, *command: str) -> None:
        """Tell every server, as its administrator."""
        for server in self.servers:
            with server.client() as client:
                client.execute_command(*command)

    def settings(self, home: Path) -> Settings:
        calm = MemoryConfig(trigger_limit=0)
        return Settings(home=home, redis=self.redis, streams=STREAMS, memory=calm)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    authority.certify("here", "127.0.0.1")
    return authority


@pytest.fixture(scope="module", params=["one", "cluster"])
def guarded(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guarded]:
    """One server, or a cluster; of Debian's Redis, which has TLS."""
    make = partial(RedisServer, programs()[DEBIAN])
    directory = tmp_path_factory.mktemp("guarded")
    own = (
        f'user service on ">{SECRET}" {acl_rules("service")}',
        f'user web on ">{SECRET}" {acl_rules("web")}',
        f"tls-cert-file {authority.folder}/here.crt",
        f"tls-key-file {authority.folder}/here.key",
        f"tls-ca-cert-file {authority.ca}",
        "tls-auth-clients no",
    )
    access = partial(
        RedisConfig, username="service", password=SECRET, ca_file=authority.ca, patience_s=15
    )
    if request.param == "cluster":
        directives = (*own, "tls-cluster yes", "tls-replication yes", "cluster-node-timeout 1000")
        with clusters.running(directory, make, *directives, replicas=1, tls=True) as started:
            any_ = next(iter(started.servers.values()))
            yield Guarded(access(url=started.url), any_, started)
        return
    port = clusters.free_port()
    server = make(directory, *own, f"tls-port {port}", "bind 127.0.0.1").start()
    yield Guarded(access(url=f"rediss://127.0.0.1:{port}/0"), server)
    server.stop()


async def test_the_service_user_is_enough_for_everything(guarded: Guarded, tmp_path: Path) -> None:
    settings = guarded.settings(tmp_path)
    if guarded.cluster is None:
        async with running(settings), Mind.connect("ana", settings=settings) as mind:
            await mind.think("the kettle is on")
            await mind.anchor("there is a kettle")
            assert await mind.recall("kettle")
            assert (await mind.sleep()).memories >= 1
            assert (await mind.audit()).balanced
        guarded.tell("SET", "somebody:elses", "of which the user may not even know the type")
        async with connect(settings.redis) as redis:
            findings = await examine(redis, [LIBRARY], private_socket=False)
        assert [found.check for found in findings if found.state == "bad"] == ["memory pressure"]
        return
    cluster = guarded.cluster
    async with running(settings), busy(settings, NAMES) as said:
        await more(said)
        moved = NAMES[0]
        await in_thread(cluster.hand_over, cluster.owner(slot_of(moved)))
        home = cluster.owner(slot_of(moved))
        to = next(port for port in cluster.masters if port != home)
        await in_thread(cluster.move, slot_of(moved), to)
        await more(said)
    assert [error for s in said.values() for error in s.errors] == []
    async with running(settings), Mind.connect(NAMES[0], settings=settings) as mind:
        for name in NAMES:
            await at_rest(settings, name, said[name])
        assert (await mind.sleep()).memories


OWN, OTHER = keys.LEDGER.key(mind="ana"), "somebody:{ana}:elses"
REFUSED: list[tuple[Any, ...]] = [
    ("GET", OTHER),
    ("SET", OTHER, 1),
    ("DEL", OTHER),
    ("RENAME", OWN, OTHER),
    ("COPY", OWN, OTHER),
    ("EVAL", "return redis.call('SET', KEYS[1], 1)", 1, OTHER),
    ("PUBLISH", "somebody", "x"),
    ("SUBSCRIBE", "somebody"),
    ("SUBSCRIBE", "__keyspace@0__:somebody:elses"),
    ("PSUBSCRIBE", "*"),
    ("SPUBLISH", "somebody{ana}", "x"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("CONFIG", "GET", "*"),
    ("CONFIG", "REWRITE"),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("SWAPDB", 0, 1),
    ("KEYS", "*"),
    ("DEBUG", "SLEEP", 0),
    ("SHUTDOWN", "NOSAVE"),
    ("SAVE",),
    ("BGSAVE",),
    ("REPLICAOF", "NO", "ONE"),
    ("PSYNC", "?", -1),
    ("FAILOVER",),
    ("MONITOR",),
    ("MODULE", "LIST"),
    ("MODULE", "LOAD", "/x.so"),
    ("FUNCTION", "FLUSH"),
    ("FUNCTION", "DELETE", "thoughtstream_attention_3"),
    ("FUNCTION", "RESTORE", "x"),
    ("SCRIPT", "FLUSH"),
    ("ACL", "LIST"),
    ("ACL", "SETUSER", "service", "+@all"),
    ("ACL", "GETUSER", "default"),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("CLIENT", "PAUSE", 1),
    ("MIGRATE", "127.0.0.1", 1, OWN, 0, 1),
    ("RESTORE", OWN, 0, "x"),
    ("SORT", OWN, "BY", "somebody:*"),
    ("CLUSTER", "FAILOVER"),
    ("CLUSTER", "RESET"),
    ("CLUSTER", "FORGET", "x"),
    ("CLUSTER", "MEET", "127.0.0.1", 1),
    ("CLUSTER", "SETSLOT", 0, "NODE", "x"),
    ("CLUSTER", "ADDSLOTS", 0),
    ("CLUSTER", "DELSLOTS", 0),
    ("CLUSTER", "REPLICATE", "x"),
    ("CLUSTER", "SAVECONFIG"),
]


ONLY_THE_SERVICE: list[tuple[Any, ...]] = [
    ("FUNCTION", "LOAD", "REPLACE", "#!lua name=thoughtstream_attention_3"),
    ("BGREWRITEAOF",),
    ("SUBSCRIBE", keys.FOUND_CHANNEL),
    ("SUBSCRIBE", keys.write_channel(keys.WINDOW.key(mind="ana", window="sensory"))),
    ("HSET", keys.MEMORY.key(), "lease", "x"),
]


@pytest.mark.parametrize(
    ("user", "refused"), [("service", REFUSED), ("web", [*REFUSED, *ONLY_THE_SERVICE])]
)
async def test_what_a_user_must_not_do_is_refused(
    guarded: Guarded, user: str, refused: list[tuple[Any, ...]]
) -> None:
    """Asked of the server that has the key, with no client's help."""
    url = guarded.redis.url
    if guarded.cluster is not None:
        url = f"rediss://127.0.0.1:{guarded.cluster.owner(slot_of('ana'))}/0"
    client = connect(guarded.redis.model_copy(update={"username": user}), url)
    ask: Any = client.execute_command
    allowed = []
    async with client:
        for command in refused:
            try:
                allowed.append(f"{command}: {await ask(*command)}")
            except NoPermissionError:
                continue
            except RedisError as error:
                if "command not allowed" in str(error):  # to anybody
                    continue
                allowed.append(f"{command}: {error}")
    assert not allowed, "\n".join(allowed)


async def test_who_says_no_goodbye_keeps_nobody(guarded: Guarded) -> None:
    others = connections()
    client = await open_client(guarded.redis)
    await client.ping()
    assert connections() - others
    processes = [psutil.Process(server.pid) for server in guarded.servers]
    try:
        for process in processes:
            process.suspend()
        await client.aclose()
        await asyncio.sleep(0)  # the loop closes what is closed in its next turn
        assert not connections() - others
    finally:
        for process in processes:
            process.resume()


def connections() -> set[tuple[Any, Any]]:
    """Of this process, those that are open; other tests may share their clusters in it."""
    all_ = psutil.Process().net_connections(kind="inet")
    return {(end.laddr, end.raddr) for end in all_ if end.status == psutil.CONN_ESTABLISHED}


async def test_a_certificate_of_somebody_else_is_a_clear_error(
    guarded: Guarded, tmp_path: Path
) -> None:
    others = guarded.redis.model_copy(update={"ca_file": Authority(tmp_path / "others").ca})
    with pytest.raises(ConfigError, match=r"redis\.ca_file.*they do not vouch"):
        await open_client(others)
    unknown = guarded.redis.model_copy(update={"ca_file": tmp_path / "none.crt"})
    with pytest.raises(ConfigError, match=r"redis\.ca_file: .*none\.crt"):
        await open_client(unknown)


async def test_a_server_is_known_by_the_name_in_its_certificate(guarded: Guarded) -> None:
    if guarded.cluster is not None:
        return  # its nodes are known by the addresses that they announce
    named = guarded.redis.model_copy(update={"server_name": "here"})
    client = await open_client(named)
    assert await client.ping()
    await client.aclose()

    other = guarded.redis.model_copy(update={"server_name": "elsewhere"})
    with pytest.raises(ConfigError, match=r"redis\.server_name.*'elsewhere'"):
        await open_client(other)


async def test_a_password_that_changes_in_its_file_is_taken_up(
    guarded: Guarded, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(SECRET)
    redis = guarded.redis.model_copy(update={"password": None, "password_file": file})
    settings = guarded.settings(tmp_path).model_copy(update={"redis": redis})
    async with running(settings) as service, Mind.connect("kim", settings=settings) as mind:
        for password in ("another password", SECRET):
            await mind.think("before")
            guarded.tell("ACL", "SETUSER", "service", f">{password}")
            file.write_text(password)
            guarded.tell("ACL", "SETUSER", "service", "resetpass", f">{password}")
            guarded.tell("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await mind.think("after")
        assert not service.done()


async def test_a_wrong_password_is_a_clear_error(guarded: Guarded) -> None:
    wrong = guarded.redis.model_copy(update={"password": SecretStr("wrong")})
    with pytest.raises(ConfigError, match=r"redis\.username, redis\.password"):
        await open_client(wrong)
