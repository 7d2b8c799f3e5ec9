"""A whole mind is deleted: nothing of it is left in any family of keys, others are as before."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clusters import of_each_version
from tests.owner.minds import as_file, exported, live
from tests.recall.servers import AT_ONCE, anchor, settle
from tests.servers import RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.models import Attended, NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig
from thoughtstream.errors import NotConfirmed
from thoughtstream.memory.wiping import LEASE_MS, BeingDeleted
from thoughtstream.store.connection import open_client
from thoughtstream.sync import Mind as Blocking
from thoughtstream.triggers import Triggers


@pytest.fixture
def at_once(settings: Settings) -> Settings:
    return settings.model_copy(update={"streams": AT_ONCE})


async def dump(redis: Any, mind: str) -> dict[str, int]:
    """All keys of a mind, with their sizes."""
    found = await redis.find("*")
    ours = [key for key in found if keys.is_of_mind(key, mind)]
    raw = {key: await redis.execute_command("MEMORY USAGE", key, "SAMPLES", 0) for key in ours}
    return {key: raw[key] for key in sorted(raw)}


async def mentioned(redis: Any, mind: str) -> list[str]:
    """The keys of any family that are the mind's, or have one of its windows as a member."""
    there = sorted(await dump(redis, mind))
    for registry in await redis.find(keys.FOUND.glob):
        members = await redis.smembers(registry)
        there += [m for m in members if (keys.window_of(m) or ("", ""))[0] == mind]
    return there


async def live_fully(mind: Mind, redis: Any, settings: Settings) -> None:
    """A mind that has a key of each family that there is."""
    memory = settings.memory.model_copy(update={"embedder": "tests.recall.embedders:Topics"})
    forgetful = settings.model_copy(
        update={"memory": memory, "streams": StreamConfig(working_memory_ttl_ms=1)}
    )
    async with Mind.connect(mind.name, settings=forgetful) as it:
        await live(it)
        await it.recall("a kettle")
        await it.think("asked", idempotency_key="k")
        await it.anchor("tea for two")
        thought = Attended("1-1@sensory", "sensory", "the kettle", 1.0, 1.0, None, 1, 1, {})
        assert await Triggers(redis, settings).pull(mind.name, thought)
    patient = settings.model_copy(
        update={"streams": AT_ONCE.model_copy(update={"working_memory_ttl_ms": 60_000})}
    )
    async with Mind.connect(mind.name, settings=patient) as it:
        await it.feed([NewThought.of("competes"), NewThought.of("attended", salience=0.9)])
        await redis.xadd(keys.WINDOW.key(mind=mind.name, window="odd"), {"no": "content"})
        await it.attend()
    name = mind.name
    await redis.zadd(keys.RECEIVED.key(mind=name), {"packet": 1})
    await redis.hset(keys.SHARED.key(mind=name), "kin", "0-0")
    await redis.hset(keys.DELETION.key(mind=name), "fence", 1)
    await redis.set(keys.GUARD.key(mind=name), "1")
    await redis.xadd(keys.REWRITTEN.key(mind=name, stream="episodic"), {"content": "tea"})
    await redis.xadd(keys.WINDOW.key(mind=name, window="never read"), {"content": "tea"})
    member = keys.WINDOW.key(mind=name, window="sensory")
    await redis.sadd(keys.FOUND.key(part="0"), member, keys.ALL_FOUND)


NAMES = ["ana", "a*b:[c]{d} %ü"]


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_is_left_and_others_stay(redis: Any, at_once: Settings, name: str) -> None:
    others = ["an", "ana2", "a", "axb:[c]{d} %ü", f"x{name}", "bob"]
    for other in others:
        async with Mind.connect(other, settings=at_once) as it:
            await live(it)
    queue = f"tasks:{{{keys.encode_name(name)}}}:waiting"  # of a queue of the same name
    await redis.zadd(queue, {"task": 1})
    async with Mind.connect(name, settings=at_once) as mind:
        await live_fully(mind, redis, at_once)
        of_mind = {f.name for f in keys.FAMILIES if "<mind>" in f.pattern}
        mine = await dump(redis, name)
        assert {f.name for key in mine if (f := keys.family_of(key))} == of_mind
        before = {other: await dump(redis, other) for other in others}

        would = await mind.delete(dry_run=True)
        assert await dump(redis, name) == mine
        assert would.memories == (await mind.state()).memory_counts
        assert would.forgotten and would.merged and would.thoughts >= 3
        assert would.dry_run and not would.anew
        assert would.bytes is not None and 0.5 < would.bytes / sum(mine.values()) < 2
        assert {one.window for one in would.wrote} >= {"sensory", "a {b}"}

        with pytest.raises(NotConfirmed, match="confirm: is 'an'; to delete it, give"):
            await mind.delete(confirm="an")
        assert await dump(redis, name) == mine

        done = await mind.delete(confirm=name)
        assert await mentioned(redis, name) == []
        assert (done.memories, done.forgotten, done.dry_run) == (
            would.memories, would.forgotten, False,
        )  # fmt: skip
        assert not done.anew and done.keys >= sum(done.memories.values())
        assert {other: await dump(redis, other) for other in others} == before
        assert await redis.exists(queue)

        assert (await mind.audit()).balanced and not await mind.recall("kettle")
        assert (await mind.delete(dry_run=True)).is_empty
        assert (await mind.delete(confirm=name)).is_empty
        await mind.attend()
        assert await mentioned(redis, name) == []

        await mind.anchor("it begins anew")
        assert [found.content for found in await mind.recall("anew")] == ["it begins anew"]
        assert (await mind.audit()).balanced
    await redis.delete(queue)


async def test_the_index_file_is_removed(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await ana.anchor("tea")
        assert await ana.recall("tea")
        files = {file.suffix for file in (at_once.home / "index").iterdir()}
        assert {".db", ".lock"} <= files
        await ana.delete(confirm="ana")
        assert not list((at_once.home / "index").iterdir())


async def test_what_was_exported_comes_back(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await live(ana)
        text = await exported(ana)
        await ana.delete(confirm="ana")
        done = await ana.import_from(as_file(text))
        assert done.memories and not done.known and (await ana.audit()).balanced
        assert await exported(ana) != text  # the ledger is another
        assert len(await ana.recall("kettle"))


async def test_services_stop_its_loop_and_take_up_who_comes_anew(
    redis: Any, settings: Settings
) -> None:
    """It competes and is attended while it goes; nothing makes it again but a new thought."""
    async with (
        running(settings),
        running(settings),
        Mind.connect("ana", settings=settings) as ana,
        Mind.connect("bob", settings=settings) as bob,
    ):
        for mind in (ana, bob):
            await mind.feed([NewThought.of(f"tea {n}", salience=0.9) for n in range(200)])
        await ana.think("tea", window="of its own")
        await until(lambda: attended(ana, 5))
        await ana.delete(confirm="ana")
        had = (await bob.state()).ledger["attended"]
        await until(lambda: attended(bob, had + 20))  # services go on
        assert await mentioned(redis, "ana") == []
        again = await ana.think("anew", salience=0.9)

        async def is_attended() -> bool:
            return [one.id for one in (await ana.state()).attended] == [again]

        await until(is_attended)
        window = keys.WINDOW.key(mind="ana", window="sensory")

        async def is_announced() -> bool:
            """So that a service that comes later knows it."""
            return (await mentioned(redis, "ana")).count(window) == 2

        await until(is_announced)
        assert (await bob.audit()).balanced


async def attended(mind: Mind, count: int) -> bool:
    return (await mind.state()).ledger.get("attended", 0) >= count


async def test_who_goes_on_writing_is_named(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await ana.anchor("tea", window="sensory")
        await ana.think("by hand", window="a {b}", source="a sensor")

        def write(_: int) -> None:
            key = f"key {len(asked)}"
            asked.append(key)
            thinking = ana.think("again", source="a sensor", window="new", idempotency_key=key)
            thoughts.append(asyncio.ensure_future(thinking))
            memories.extend(asyncio.ensure_future(ana.anchor("anew")) for _ in range(20))

        asked, thoughts, memories = list[str](), list[Any](), list[Any]()
        for n in range(3000):
            await redis.hset(keys.ITEM.key(mind="ana", id=f"1-{n}@x"), "kind", "episodic")
        done = await ana.delete(confirm="ana", on_progress=write)
        kept = await asyncio.gather(*memories)
        ids = await asyncio.gather(*thoughts)
        assert {(one.window, one.source) for one in done.wrote} >= {
            ("sensory", None), ("a {b}", "a sensor"),
        }  # fmt: skip
        assert done.anew and len(asked) > 3
        for key, id_ in zip(asked, ids, strict=True):
            again = ana.think("again", source="a sensor", window="new", idempotency_key=key)
            assert await again == id_
        for id_ in kept:
            assert await redis.exists(keys.ITEM.key(mind="ana", id=id_))
        await ana.windows()
        await settle(ana)
        audit = await ana.audit()
        assert audit.balanced and audit.adopted == len(ids) + len(kept)
        assert len(await ana.recall("anew", limit=1000)) >= len(kept)


async def test_only_one_deletes_at_a_time(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await anchor(ana, [NewThought.of("tea")])
        lease = keys.DELETION.key(mind="ana")

        async def renew() -> None:
            now = await redis.clock_ms(lease)
            await redis.hset(lease, mapping={"until": now + LEASE_MS, "fence": 7})

        await renew()
        trying = asyncio.ensure_future(ana.delete(confirm="ana"))
        while not trying.done():
            await renew()
            await asyncio.sleep(0)
        with pytest.raises(BeingDeleted):
            trying.result()
        assert await ana.recall("tea")


async def test_garbage_in_its_keys_can_be_deleted(redis: Any, at_once: Settings) -> None:
    families = [f for f in keys.FAMILIES if "<mind>" in f.pattern]
    parts = {
        "mind": "ana",
        "window": "sensory",
        "kind": "episodic",
        "id": "x",
        "key": "k",
        "stream": "x",
    }
    for family in families:
        key = family.key(**(parts | {"session": "9"}))
        await redis.rpush(key, "garbage")
    async with Mind.connect("ana", settings=at_once) as ana:
        await ana.delete(dry_run=True)
        await ana.delete(confirm="ana")
    assert await mentioned(redis, "ana") == []


KILLED = """
import asyncio, os, signal, sys
from thoughtstream import Mind
async def main():
    steps = iter(range(int(sys.argv[2])))
    def progress(done):
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
    async with Mind.connect("ana", sys.argv[1]) as ana:
        await ana.delete(confirm="ana", on_progress=progress)
asyncio.run(main())
"""


async def killed_then_again(redis: Any, url: str, settings: Settings) -> None:
    async with (
        Mind.connect("ana", settings=settings) as ana,
        Mind.connect("bob", settings=settings) as bob,
    ):
        await live(bob)
        before = await dump(redis, "bob")
        await anchor(ana, [NewThought.of(f"tea {n}") for n in range(700)])
        words = [sys.executable, "-c", KILLED, url, "1"]
        killed = await asyncio.to_thread(subprocess.run, words)
        assert killed.returncode == -signal.SIGKILL
        assert await dump(redis, "ana")
        assert (await ana.audit()).balanced and not await ana.recall("tea")
        await ana.delete(confirm="ana")
        assert await mentioned(redis, "ana") == []
        assert await dump(redis, "bob") == before
        done = await ana.import_from(as_file(await exported(bob)))
        assert done.memories == (await bob.audit()).memories and (await ana.audit()).balanced
        for ask in (ana.think, ana.anchor):
            key = ask.__name__
            first = await ask("asked", idempotency_key=key)
            assert await ask("asked", idempotency_key=key) == first


@pytest.mark.slow
async def test_killed_in_the_middle_it_ends_when_asked_again(
    redis: Any, server: RedisServer, at_once: Settings
) -> None:
    await killed_then_again(redis, server.url, at_once)


@pytest.mark.slow
@pytest.mark.parametrize("version", sorted(programs()))
async def test_in_a_cluster(tmp_path: Path, version: str) -> None:
    with of_each_version(tmp_path) as make:
        url = make(version).url
        settings = Settings(home=tmp_path / "home", redis=RedisConfig(url=url), streams=AT_ONCE)
        redis = await open_client(settings.redis)
        try:
            await killed_then_again(redis, url, settings)
        finally:
            await redis.aclose()


def test_without_async(server: RedisServer, at_once: Settings) -> None:
    with Blocking.connect("ana", settings=at_once) as ana:
        ana.anchor("tea")
        assert ana.delete(dry_run=True).memories["episodic"] == 1
        assert ana.delete(confirm="ana").memories["episodic"] == 1
        with pytest.raises(NotConfirmed):
            ana.delete()
