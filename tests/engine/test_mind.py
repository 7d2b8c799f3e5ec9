"""Mind, the Python API: thinking, anchoring, what was forgotten, and memories that come back."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.servers import WHEEL, RedisServer, programs, wait_until
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import ConfigError, MemoryConfig, RedisConfig, Settings, StreamConfig
from thoughtstream.errors import (
    InterventionRefused,
    InvalidThought,
    NotForgotten,
    RedisUnavailable,
)
from thoughtstream.triggers import Triggers, relevance

SUMS = {
    "adopted": ("competing", "attended", "forgotten", "expired", "displaced"),
    "attended": ("intervening", "anchored", "vetoed"),
}


@pytest.fixture
async def mind(redis: Any, settings: Settings) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind


async def test_two_lines_think_and_recall(redis: Any, settings: Settings) -> None:
    quick = settings.model_copy(update={"streams": StreamConfig(working_memory_ttl_ms=50)})
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        thought = await mind.think("the kettle is on", window="sensory", salience=0.8, valence=-0.5)
        attended = await anext(mind.attended(since="0"))

        async def recalled() -> Any:
            return await mind.recall("kettle")

        await until(recalled)
        [hit] = await mind.recall("kettle")
    assert (attended.id, hit.id) == (thought, thought)
    assert (hit.content, hit.fields["valence"]) == ("the kettle is on", "-0.5")


async def test_who_watches_from_now_on_misses_nothing(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what wins while it doesn't listen, between two questions."""
    monkeypatch.setattr("thoughtstream.mind._BLOCK_MS", 1)
    await mind.think("before")
    await mind.attend()
    ask: Any = mind._redis.xread
    asked = []

    async def xread(*args: Any, **options: Any) -> Any:
        asked.append(args)
        if len(asked) == 2:
            await mind.think("in between")
            await mind.attend()
        return await ask(*args, **options)

    monkeypatch.setattr(mind._redis, "xread", xread)
    assert (await anext(mind.attended())).content == "in between"


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"salience": float("nan")}, "salience"),
        ({"salience": 1.5}, "salience"),
        ({"valence": float("-inf")}, "valence"),
        ({"kind": "dream"}, "kind"),
        ({"window": ""}, "window"),
        ({"window": "x" * 1001}, "window"),
        ({"content": ""}, "content"),
        ({"content": "\ud800"}, "content"),
        ({"attended_at": "1"}, "attended_at"),
        ({"lead": "1"}, "lead"),
    ],
)
async def test_a_wrong_thought_is_refused_by_name(
    mind: Mind, redis: Any, wrong: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidThought, match=named):
        await mind.think(**({"content": "x"} | wrong))
    assert await redis.dbsize() == 0


async def test_an_outage_is_an_error_of_its_own(tmp_path: Path) -> None:
    nobody = Settings(home=tmp_path, redis=RedisConfig(url=f"unix://{tmp_path}/nobody.sock"))
    with pytest.raises(RedisUnavailable, match="thoughtstream up"):
        async with Mind.connect("ana", settings=nobody):
            pass


async def test_intervening_changes_what_is_remembered(redis: Any, settings: Settings) -> None:
    slow = settings.model_copy(update={"streams": StreamConfig(working_memory_ttl_ms=1000)})
    async with Mind.connect("ana", settings=slow) as mind:
        veto, reframe, boost = await mind.feed([NewThought(content=c) for c in "abc"])
        for _ in range(3):
            await mind.attend()
        for _ in range(2):  # saying it twice is saying it once
            await mind.intervene(veto, "veto")
            closes = await mind.intervene(reframe, "reframe", content="calmer", kind="semantic")
            await mind.intervene(boost, "boost", salience=1)
        with pytest.raises(InvalidThought, match="valence"):
            await mind.intervene(boost, "boost", valence=1)

        async def encoded() -> bool:
            return (await mind.attend()).next_due_ms is None

        await until(encoded)
        with pytest.raises(InterventionRefused, match=str(closes)):
            await mind.intervene(reframe, "veto")
        counted = await mind.audit()
    assert (counted.balanced, counted.anchored, counted.vetoed) == (True, 2, 1)
    [(_, semantic)] = await redis.xrange(keys.SEMANTIC.key(mind="ana"))
    assert (semantic["content"], semantic["original_content"]) == ("calmer", "b")
    [(_, episodic)] = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert (float(episodic["salience"]), float(episodic["original_salience"])) == (1, 0.5)


async def test_at_the_boundary_an_intervention_counts_or_is_refused(
    redis: Any, settings: Settings
) -> None:
    """Hammered: a veto that was accepted is kept; one that was refused left a memory."""
    quick = settings.model_copy(update={"streams": StreamConfig(working_memory_ttl_ms=15)})
    accepted, refused = set(), set()
    async with Mind.connect("ana", settings=quick) as mind:
        for n in range(150):
            thought = await mind.think(f"thought {n}", salience=0.9)
            await mind.attend()

            async def hammer(thought: str = thought) -> None:
                try:
                    while True:
                        await mind.intervene(thought, "boost", salience=1)
                        await mind.intervene(thought, "veto")
                        accepted.add(thought)
                except InterventionRefused:
                    if thought not in accepted:
                        refused.add(thought)

            async def encode() -> None:
                while (await mind.attend()).next_due_ms is not None:
                    pass

            if n % 2:
                await asyncio.gather(hammer(), encode())
            else:
                await encode()
                await hammer()
        counted = await mind.audit()
    remembered = {f["id"] for _, f in await redis.xrange(keys.EPISODIC.key(mind="ana"))}
    assert remembered == refused
    assert not remembered & accepted
    assert (counted.balanced, counted.vetoed) == (True, len(accepted))
    assert accepted


# --- the audit of memories ------------------------------------------------------------------


async def test_memories_taken_from_a_stream_are_missed(mind: Mind, redis: Any) -> None:
    for number in range(30):
        await mind.anchor(f"the kettle is on, {number}")
    assert (await mind.audit()).memories == 30
    assert (await mind.audit()).balanced
    await redis.xtrim(keys.EPISODIC.key(mind="ana"), maxlen=10, approximate=False)
    assert (await mind.audit()).faults == ["memories: 10 there, 30 accounted for"]


async def test_a_memory_written_past_the_engine_is_noticed(mind: Mind, redis: Any) -> None:
    await redis.xadd(keys.SEMANTIC.key(mind="ana"), {"content": "the moon is near"})
    assert (await mind.audit()).faults == ["memories: 1 there, 0 accounted for"]


async def test_a_memory_without_its_item_is_noticed(mind: Mind, redis: Any) -> None:
    for number in range(30):
        anchored = await mind.anchor(f"the kettle is on, {number}")
    await redis.delete(keys.ITEM.key(mind="ana", id=anchored))
    assert (await mind.audit()).faults == [f"{anchored}: is a memory without its item"]


# --- anchors -------------------------------------------------------------------------------


async def test_an_anchor_is_a_memory_at_once_and_counted(mind: Mind, redis: Any) -> None:
    first = await mind.anchor("tea needs 4 minutes", skill="tea")
    second = await mind.anchor("tea is a drink", kind="semantic")
    assert first != second
    assert [hit.id for hit in await mind.recall("minutes")] == [first]
    assert (await mind.recall("minutes"))[0].kind == "procedural"
    assert (await mind.recall("drink", kind="semantic"))[0].id == second
    counted = await mind.audit()
    assert (counted.balanced, counted.anchored, counted.attended) == (True, 2, 2)
    with pytest.raises(InvalidThought, match="size"):
        await mind.anchor("x" * 1_000_000)
    assert (await mind.audit()).anchored == 2


async def test_an_anchor_on_disk_is_kept_or_refused_before_it_is_written(
    mind: Mind, redis: Any
) -> None:
    try:
        await mind.anchor("on disk", durability="disk")
    except ConfigError as error:
        assert "Redis 7.2" in str(error)
        assert (await redis.info("server"))["redis_version"].startswith("7.0")
        assert await redis.dbsize() == 0
    else:
        assert [hit.content for hit in await mind.recall("disk")] == ["on disk"]


async def test_without_a_replica_nothing_is_promised_nor_written(mind: Mind, redis: Any) -> None:
    with pytest.raises(ConfigError, match="replica"):
        await mind.anchor("x", durability="replicas")
    assert await redis.dbsize() == 0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[RedisServer, RedisServer]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    program = programs()[WHEEL]
    listen = (f"port {port}", "bind 127.0.0.1")
    first = RedisServer(program, tmp_path / "a", *listen).start()
    second = RedisServer(program, tmp_path / "b", f"replicaof 127.0.0.1 {port}").start()
    yield first, second
    second.stop()
    first.stop()


@pytest.mark.slow
async def test_an_anchor_on_replicas_is_there_when_the_server_is_gone(
    pair: tuple[RedisServer, RedisServer], tmp_path: Path
) -> None:
    first, second = pair

    def in_step() -> bool:
        with second.client() as client:
            return bool(client.info("replication")["master_link_status"] == "up")

    wait_until(in_step, "the replica is in step")
    settings = Settings(home=tmp_path, redis=RedisConfig(url=first.url))
    async with Mind.connect("ana", settings=settings) as mind:
        anchored = await mind.anchor("kept twice", durability="replicas")
        first.kill()
    with second.client() as client:
        [(_, fields)] = client.xrange(keys.EPISODIC.key(mind="ana"))
    assert (fields["id"], fields["content"]) == (anchored, "kept twice")


# --- forgetting ----------------------------------------------------------------------------


async def test_the_forgotten_are_explained_and_can_be_taken_back(mind: Mind) -> None:
    weak = await mind.think("a fly at the window", salience=0.1, window="inner voice")
    await mind.think("fire", salience=1)
    await mind.attend()
    [forgotten] = await mind.forgotten()
    assert (forgotten.id, forgotten.window) == (weak, "inner voice")
    assert (forgotten.content, forgotten.score) == ("a fly at the window", 0.1)
    assert forgotten.threshold == 0.3
    assert await mind.forgotten(before=forgotten.entry) == []
    back = await mind.take_back(forgotten.entry)
    assert back.endswith("@inner voice")
    report = await mind.attend()
    assert report.attended is not None
    assert (report.attended.id, report.attended.salience) == (back, 0.5)
    assert report.attended.fields["restored_from"] == weak
    with pytest.raises(NotForgotten):
        await mind.take_back(forgotten.entry)
    with pytest.raises(InvalidThought, match="entry"):
        await mind.take_back("no entry")
    assert (await mind.audit()).balanced


@pytest.mark.parametrize("half_life_ms", [None, 3_600_000])
async def test_a_threshold_can_be_tried_without_forgetting(
    redis: Any, settings: Settings, half_life_ms: int | None
) -> None:
    streams = StreamConfig(half_life_ms=half_life_ms, forget_threshold=0)
    tried = settings.model_copy(update={"streams": streams})
    async with Mind.connect("ana", settings=tried) as mind:
        await mind.feed([NewThought(content=str(n), salience=n / 10) for n in range(1, 10)])
        await mind.attend()
        before = (await mind.state()).competing
        assert await mind.would_forget(0.45, limit=2) == (4, ["1", "2"])
        assert (await mind.state()).competing == before


async def test_the_books_balance_at_every_look(redis: Any, settings: Settings) -> None:
    quick = settings.model_copy(update={"streams": StreamConfig(working_memory_ttl_ms=5)})
    async with Mind.connect("ana", settings=quick) as mind:

        async def live() -> None:
            for n in range(200):
                await mind.think(f"thought {n}", salience=0.9 if n % 2 else 0.1)
                await mind.attend()

        async with asyncio.TaskGroup() as group:
            living = group.create_task(live())
            while not living.done():
                state = await mind.state()
                count = {"competing": state.competing, "intervening": len(state.intervening)}
                count |= state.ledger
                for whole, parts in SUMS.items():
                    assert count.get(whole, 0) == sum(count.get(part, 0) for part in parts)
                assert sum(state.memory_counts.values()) == count.get("anchored", 0)


# --- triggers ------------------------------------------------------------------------------


async def test_an_attended_thought_brings_a_memory_back_once(
    mind: Mind, settings: Settings
) -> None:
    memory = await mind.anchor("Anna is allergic to peanuts")
    await mind.anchor("the train leaves at nine")
    triggers = Triggers(mind._redis, settings)
    await mind.think("should Anna eat peanuts?", salience=0.9, window="reasoning")
    thought = (await mind.attend()).attended
    assert thought is not None
    assert await triggers.pull("ana", thought) == [memory]
    assert await triggers.pull("ana", thought) == []  # refractory
    echo = (await mind.attend()).attended
    assert echo is not None
    assert (echo.window, echo.content) == ("memory", "Anna is allergic to peanuts")
    assert (echo.fields["recalled"], echo.fields["triggered_by"]) == (memory, thought.id)
    assert echo.score <= settings.memory.trigger_damping * thought.score
    assert await triggers.pull("ana", echo) == []


async def test_a_mind_left_alone_calms_down(redis: Any, settings: Settings) -> None:
    """However many memories are alike and come back at once, what they bring back fades."""
    streams = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=0, forget_threshold=0.05)
    memory = MemoryConfig(trigger_limit=10, trigger_damping=0.9, trigger_refractory_ms=1)
    lively = settings.model_copy(update={"streams": streams, "memory": memory})
    async with Mind.connect("ana", settings=lively) as mind:
        for n in range(30):
            await mind.anchor(f"rain on the roof of house {n}")
        async with running(lively):
            await mind.think("rain on the roof again", salience=1)

            async def calm() -> bool:
                state = await mind.state()
                return state.ledger["attended"] > 31 and not state.competing + len(
                    state.intervening
                )

            await until(calm, most_s=60)
            echoes = (await mind.state()).ledger["attended"] - 31
            ledger = (await mind.state()).ledger
            assert ledger["recurred"] == echoes
            assert ledger["anchored"] - ledger["recurred"] == 31
        assert len(await redis.xrange(keys.EPISODIC.key(mind="ana"))) == 31
    assert 0 < echoes < 200


def test_relevance_is_of_the_words_that_tell() -> None:
    assert relevance("should Anna eat peanuts?", "Anna ate the peanuts") > 0.8
    assert relevance("what is the time?", "what is the matter?") == 0
    assert relevance("", "x") == 0
    assert relevance("我的笔记本电脑坏了", "修理笔记本电脑要两百欧元") > 0.3
    assert relevance("我的笔记本电脑坏了", "她在那里当护士") == 0
    assert relevance("die Häuser sind alt", "das Haus ist sehr alt") > 0.8
