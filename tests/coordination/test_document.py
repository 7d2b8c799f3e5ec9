"""The document's own clients against our server: its three snippets and its `redis-cli get` run as
they are there, see what we wrote, and we see what they wrote; on one server and in a cluster.

`consciousness:level:` is not here: nothing of ours writes it yet.
"""

import asyncio
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from tests.clusters import cluster, free_port
from tests.coordination.conftest import short
from tests.servers import WHEEL, RedisServer, programs
from tests.sleep.memories import Past, remember
from thoughtstream import Mind, keys
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.packets import Packet

pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex")

REPEATED = [Past(f"The disk is {n}% full") for n in range(3)]


class UnifiedMemoryOrchestrator:
    """Snippet 1: agent status, messages, tasks."""

    def __init__(self) -> None:
        # fmt: off
        self.redis_client = redis.Redis(
            host=os.getenv("REDIS_HOST", "localhost"),
            port=int(os.getenv("REDIS_PORT", 6379)),
            decode_responses=True
        )
        # fmt: on


class NemoriMemoryConsolidation:
    """Snippet 2: episodic memory consolidation."""

    def __init__(self, redis_host: str, redis_port: int) -> None:
        # fmt: off
        self.redis_client = redis.Redis(
            host=redis_host,
            port=redis_port,
            decode_responses=True
        )
        # fmt: on


class DeepCodeRedisAdapter:
    """Snippet 3: the cache of generated code."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.cache_ttl = 3600

    def keep(self, key: str, result: Any, ttl: int | None = None) -> None:
        # fmt: off
        cache_key = f"deepcode:cache:{key}"
        self.client.setex(
            cache_key,
            ttl or self.cache_ttl,
            json.dumps(result)
        )
        # fmt: on


class Document:
    """All three, each on the client that it makes; `client`: another one for all, in a cluster."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, port: int, client: Any = None) -> None:
        monkeypatch.setenv("REDIS_HOST", "127.0.0.1")
        monkeypatch.setenv("REDIS_PORT", str(port))
        self.status: Any = client or UnifiedMemoryOrchestrator().redis_client
        self.memory: Any = client or NemoriMemoryConsolidation("127.0.0.1", port).redis_client
        self.cache = DeepCodeRedisAdapter(client or self.status)
        self._port = str(port)

    def typed(self, *command: str) -> str:
        """What `redis-cli` prints."""
        asked = ["redis-cli", "-c", "-p", self._port, *command]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    def close(self) -> None:
        for client in {self.status, self.memory}:
            client.close()


async def see_each_other(document: Document, settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        await _agents(document, colony)
        await _packets(document, colony)
        await _cache(document, colony)
        await _memories(document, colony, settings)


async def _agents(document: Document, colony: Colony) -> None:
    """`redis-cli get "agent_status:thoughtseed_001"`, and the same by snippet 1."""
    async with colony.join("thoughtseed_001", skills=["python"]) as agent:
        async with agent.working("compiling"):
            get = asyncio.to_thread(document.typed, "get", "agent_status:thoughtseed_001")
            status = json.loads(await get)
        assert (status["id"], status["state"], status["task"], status["skills"]) == (
            "thoughtseed_001", "working", "compiling", ["python"],
        )  # fmt: skip
        theirs = json.dumps({"id": "thoughtseed_001", "state": "broken"})
        document.status.set("agent_status:thoughtseed_001", theirs)
        [ours] = await colony.agents()
        assert ours.state == "idle", "what is written there is never read by us to decide"
        async with agent.working("linking"):
            said = json.loads(document.status.get("agent_status:thoughtseed_001"))
        assert said["task"] == "linking", "the next beat says how it is"


async def _packets(document: Document, colony: Colony) -> None:
    packet = Packet("seed", "physics", "it falls", 0.9, targets=("thoughtseed_001",))
    await colony.dispatch(packet)
    said = document.status.get(f"thoughtseed:packet:{packet.id}")
    assert Packet.parse(json.loads(said)) == packet
    [message] = await colony.inbox("thoughtseed_001")
    assert message.packet == packet


async def _cache(document: Document, colony: Colony) -> None:
    value = {"code": "print('grüße 日本')", "n": [1, 2.5, None, True]}
    document.cache.keep("theirs", value)
    assert await colony.cache.get("theirs") == value
    assert await colony.cache.get_or_compute("theirs", lambda: "computed") == value
    await colony.cache.set("ours", value)
    assert json.loads(document.cache.client.get("deepcode:cache:ours")) == value
    assert 3590 < document.cache.client.ttl("deepcode:cache:ours") <= 3600


async def _memories(document: Document, colony: Colony, settings: Settings) -> None:
    """Snippet 2 follows a consolidation under the document's key: the session is `{<mind>}:<n>`."""
    await remember(colony.redis, "ana", REPEATED)
    async with Mind.connect("ana", settings=settings) as mind:
        report = await mind.sleep(distiller=_Words())
        assert len(report.distilled) == 1
        session = f"{{ana}}:{report.session}"
        did = document.memory.hgetall(f"memory:consolidation:{session}")
        distilled = f"distilled {report.distilled[0]['id']}"
        assert json.loads(did[distilled]) == report.distilled[0]["from"]
        stream = document.memory.xrange("memory:{ana}:semantic")
        assert [fields["content"] for _, fields in stream] == ["the disk fills up"]
        window = keys.WINDOW.key(mind="ana", window="sensory")
        document.memory.xadd(window, {"content": "a plain client's thought"})
        won = (await mind.attend()).attended
        assert won is not None
        assert won.content == "a plain client's thought"


class _Words:
    async def distil(self, contents: Any) -> str:
        return "the disk fills up"


async def test_the_documents_clients_and_ours_see_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    server = RedisServer(programs()[WHEEL], tmp_path, f"port {port}", "bind 127.0.0.1").start()
    try:
        document = Document(monkeypatch, port)
        await see_each_other(document, short(server.url, tmp_path / "home"))
        document.close()
    finally:
        server.stop()


@pytest.mark.slow
async def test_they_see_each_other_in_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a plain client is redis-py's for clusters, or redis-cli with -c."""
    (tmp_path / "nodes").mkdir()
    with cluster(tmp_path / "nodes", partial(RedisServer, programs()[WHEEL])) as url:
        port = int(url.partition("127.0.0.1:")[2].partition("/")[0])
        client = RedisCluster(host="127.0.0.1", port=port, decode_responses=True)
        document = Document(monkeypatch, port, client)
        await see_each_other(document, short(url, tmp_path / "home"))
        document.close()
