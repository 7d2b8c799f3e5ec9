"""The RediSearch index: made, remade, replaced by us; and what happens where it can't be used."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis import Redis
from structlog.testing import capture_logs

from tests.recall.conftest import REDISEARCH
from tests.recall.servers import anchor, new_word, settings_for, with_redisearch
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind, keys
from thoughtstream.acl import acl_rules
from thoughtstream.attention.models import NewThought

ITEM = keys.ITEM.key(mind="ana", id="_")[:-1]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of its own, since these tests change what it can do."""
    (tmp_path / "redis").mkdir()
    server = with_redisearch(tmp_path / "redis").start()
    yield server
    server.stop()


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    with server.client() as client:
        yield client


@pytest.fixture
async def mind(server: RedisServer, tmp_path: Path) -> AsyncIterator[Mind]:
    """A mind with one memory."""
    async with Mind.connect("ana", settings=settings_for(server, tmp_path / "home")) as mind:
        await anchor(mind, [NewThought.of("an olive")])
        yield mind


def indexes(client: Any) -> list[str]:
    return sorted(client.execute_command("FT._LIST"))


async def finds(mind: Mind, *contents: str) -> None:
    found = await mind.recall(f"olive {new_word()}")
    assert {memory.content for memory in found} == set(contents)


async def test_it_is_made_at_the_first_search_and_then_kept(mind: Mind, client: Any) -> None:
    assert indexes(client) == []
    await finds(mind, "an olive")
    [name] = indexes(client)
    await anchor(mind, [NewThought.of("two olives")])
    await finds(mind, "an olive", "two olives")
    assert indexes(client) == [name]
    assert mind._recall.index == REDISEARCH


async def test_several_make_it_at_once(mind: Mind, client: Any) -> None:
    async with AsyncExitStack() as stack:
        minds = [
            await stack.enter_async_context(Mind.connect("ana", settings=mind._settings))
            for _ in range(8)
        ]
        await asyncio.gather(*(finds(one, "an olive") for one in minds))
        assert {one._recall.index for one in minds} == {REDISEARCH}
    assert len(indexes(client)) == 1


async def test_an_index_of_another_version_is_dropped(mind: Mind, client: Any) -> None:
    ours = f"{ITEM}*@0a1b2c3d"
    others = [f"{ITEM.replace('ana', 'anan')}*@0a1b2c3d", "strangers:{ana}", ITEM]
    for name in [ours, *others]:
        client.execute_command(
            "FT.CREATE", name, "ON", "HASH", "PREFIX", "1", ITEM, "SCHEMA", "content", "TEXT"
        )
    await finds(mind, "an olive")
    left = indexes(client)
    assert ours not in left
    assert set(others) < set(left)
    assert len(left) == len(others) + 1
    assert client.exists(*client.scan_iter(f"{ITEM}*"))


async def test_a_dropped_index_is_made_anew(mind: Mind, client: Any) -> None:
    await finds(mind, "an olive")
    [name] = indexes(client)
    client.execute_command("FT.DROPINDEX", name)
    await finds(mind, "an olive")
    assert indexes(client) == [name]


@pytest.mark.slow
async def test_many_memories_that_were_there_before_it(mind: Mind, client: Any) -> None:
    """It reads them in the background; until then the other index answers, never too few."""
    pipe = client.pipeline(transaction=False)
    stream = keys.EPISODIC.key(mind="ana")
    for number in range(30_000):
        entry, thought_id = f"{number + 1}-0", f"{number + 1}-0@sensory"
        fields = {
            "content": f"olive tree {number}",
            "window": "sensory",
            "attended_at": str(number),
        }
        item = {**fields, "kind": "episodic", "entry": entry}
        pipe.hset(keys.ITEM.key(mind="many", id=thought_id), mapping=item)
        pipe.xadd(stream.replace("ana", "many"), {**fields, "id": thought_id}, id=entry)
    pipe.execute()
    async with Mind.connect("many", settings=mind._settings) as many:
        [first] = await many.recall("29999 olive", limit=1)
    assert first.content == "olive tree 29999"


async def test_items_that_are_no_memories_stand_in_nobodys_way(
    mind: Mind, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thoughtstream.memory.recall._WHOLE", 0)
    monkeypatch.setattr("thoughtstream.memory.recall._POOL", 2)
    for number in range(3):
        client.hset(f"{ITEM}foreign{number}", mapping={"content": "olive olive olive"})
    async with asyncio.timeout(10):
        assert [found.content for found in await mind.recall("olive")] == ["an olive"]


async def test_memories_whose_items_have_no_sketch_are_found(
    mind: Mind, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thoughtstream.memory.recall._WHOLE", 0)
    await anchor(mind, [NewThought.of("two olives, of several")])
    await finds(mind, "an olive", "two olives, of several")
    for item in client.scan_iter(f"{ITEM}*"):
        client.hset(item, "as_ranked", "")
    async with (
        asyncio.timeout(10),
        Mind.connect("ana", settings=mind._settings) as other,
    ):
        await finds(other, "an olive", "two olives, of several")


async def test_a_memory_that_has_moved_is_found_where_it_is(
    mind: Mind, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thoughtstream.memory.recall._WHOLE", 0)
    [before] = await mind.recall("olive")
    stream = keys.EPISODIC.key(mind="ana")
    [(entry, fields)] = client.xrange(stream)
    client.xdel(stream, entry)
    moved = client.xadd(stream, fields)
    client.hset(f"{ITEM}{before.id}", "entry", moved)
    [after] = await mind.recall("olive")
    assert (after.id, after.entry) == (before.id, moved)


async def test_without_the_right_to_list_indexes(mind: Mind, client: Any) -> None:
    client.acl_setuser("default", commands=["-ft._list"])
    await finds(mind, "an olive")
    assert mind._recall.index == REDISEARCH


async def test_without_the_right_to_use_it(mind: Mind, client: Any) -> None:
    await finds(mind, "an olive")
    client.acl_setuser("default", commands=["-ft.search"])
    with capture_logs() as logs:
        await finds(mind, "an olive")
    assert [entry["event"] for entry in logs] == ["recall.redisearch_lost"]
    assert mind._recall.index == "FTS5"


@pytest.mark.parametrize(
    ("more", "index"),
    [([], "FTS5"), (["+ft.search", "+ft.info", "+ft.create"], REDISEARCH)],
)
async def test_as_the_service_user_of_a_deployment(
    mind: Mind, server: RedisServer, client: Any, tmp_path: Path, more: list[str], index: str
) -> None:
    rules = acl_rules("service").split()
    client.execute_command("ACL", "SETUSER", "service", "reset", "on", ">secret", *rules, *more)
    settings = settings_for(server, tmp_path / "home2")
    user = {"username": "service", "password": SecretStr("secret")}
    granted = {"redis": settings.redis.model_copy(update=user)}
    async with Mind.connect("ana", settings=settings.model_copy(update=granted)) as same:
        await finds(same, "an olive")
        assert same._recall.index == index


async def test_a_server_without_it_takes_over(
    mind: Mind, server: RedisServer, client: Any, tmp_path: Path
) -> None:
    await finds(mind, "an olive")
    with Redis(unix_socket_path=str(server.socket)) as raw:
        kept = {key: raw.dump(key) for key in raw.scan_iter()}
    server.stop()
    (tmp_path / "plain").mkdir()
    plain = RedisServer(programs()[WHEEL], tmp_path / "plain", f"unixsocket {server.socket}")
    plain.socket = server.socket
    plain.start()
    try:
        with Redis(unix_socket_path=str(server.socket)) as raw:
            for key, dumped in kept.items():
                raw.restore(key, 0, dumped)
        await finds(mind, "an olive")
        assert mind._recall.index == "FTS5"
        await anchor(mind, [NewThought.of("two olives")])
        await finds(mind, "an olive", "two olives")
    finally:
        plain.stop()
