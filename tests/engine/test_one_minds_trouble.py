"""Whatever goes wrong in one mind ends or pauses that mind only; all others are served."""

import asyncio
import random
import re
import uuid
from typing import Any

import pytest

from tests.engine.garbage import TYPES, key_of, per_mind, spoil
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import NewThought
from thoughtstream.attention.state import MindState
from thoughtstream.config import MemoryConfig, Settings
from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import InvalidThought, SpoiltMind
from thoughtstream.faces.overview import collect
from thoughtstream.health.troubles import examine_minds

MIND = "spoilt"
SEEDS = range(4)
UNREAD_BY_AUDIT = (keys.ASSEMBLED, keys.UNCONSCIOUS, keys.WINDOW)
"""An audit does not read these, or tells of another type as a fault."""
_NUMBERS = ("score", "threshold", "forgotten_at")


@pytest.fixture
def lively(quick: Settings) -> Settings:
    """Memories come back, and minds sleep all the time."""
    memory = MemoryConfig(trigger_refractory_ms=1, sleep_every_s=1)
    return quick.model_copy(update={"memory": memory})


async def lives(task: asyncio.Task[None], settings: Settings, name: str) -> None:
    """Another mind attends, remembers and recalls what it is told now, which is like nothing that
    it knows: sleep would merge it.
    """
    async with Mind.connect(name, settings=settings) as mind:
        said = " ".join(uuid.uuid4().hex for _ in range(3))
        thought = await mind.think(said, salience=0.9)

        async def recalled() -> bool:
            if task.done():
                task.result()
            return thought in [hit.id for hit in await mind.recall(said, limit=100)]

        await until(recalled)


@pytest.mark.parametrize("seed", SEEDS)
async def test_garbage_in_every_key_of_a_mind(redis: Any, lively: Settings, seed: int) -> None:
    dice = random.Random(seed)
    families = [family for family in keys.FAMILIES if per_mind(family)]
    async with running(lively) as task, Mind.connect(MIND, settings=lively) as mind:
        await mind.think("there is a kettle")
        for round_ in range(8):
            for family in dice.sample(families, len(families)):
                for window in ("x", "sensory"):
                    key = key_of(family, mind=MIND, window=window)
                    await spoil(redis, key, dice.choice((*TYPES, family.type)), dice)
            for family in (keys.SEMANTIC, keys.LEDGER):  # as if all else were well
                await redis.delete(family.key(mind=MIND))
            await redis.publish(keys.FOUND_CHANNEL, keys.WINDOW.key(mind=MIND, window="x"))
            await lives(task, lively, f"other {round_ % 3}")
            assert (await collect(lively))["service"]["alive"]
        assert not task.done()
    async with running(lively) as task:  # and the next start
        await lives(task, lively, "other")


@pytest.mark.parametrize("seed", SEEDS)
async def test_garbage_in_keys_of_no_mind(redis: Any, lively: Settings, seed: int) -> None:
    dice = random.Random(seed)
    families = [family for family in keys.FAMILIES if not per_mind(family)]
    names = {"queue": "memory:consolidation", "part": "0"}
    async with running(lively) as task:
        for round_ in range(6):
            for family in dice.sample(families, len(families)):
                await spoil(redis, key_of(family, **names), dice.choice(TYPES), dice)
            await lives(task, lively, f"other {round_ % 3}")
        assert not task.done()
    async with running(lively) as task:
        await lives(task, lively, "other")


@pytest.mark.parametrize(
    "key",
    [b"thought:{\xff}:window:sensory", b"thought:{spoilt}:window:\xff\xfe",
     b"thought:{\xed\xa0\x80}:window:x", b"thought:{a\nb}:window:x"],
)  # fmt: skip
async def test_a_window_or_mind_whose_name_is_no_text(
    redis: Any, lively: Settings, key: bytes
) -> None:
    async with running(lively) as task:
        await redis.xadd(key, {"content": "is anybody there?"})
        await redis.xadd(keys.WINDOW.key(mind=MIND, window="x"), {"content": b"caf\xe9 \xff\xfe"})
        await lives(task, lively, "ana")
    async with running(lively) as task:
        await lives(task, lively, MIND)


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("18446744073709551615-7", {"id": "1-1@x", "content": "the kettle is on"}),
        ("*", {"id": "", "content": "the kettle is on"}),
        ("*", {"id": "1-1@x"}),
        ("*", {"content": b"the kettle is \xff", "id": b"\xff", "window": b"\xfe"}),
        ("*", {"content": "the kettle", "attended_at": "9" * 30, "at": "-9" * 30, "score": "x"}),
        ("*", {"content": "the kettle", "attended_at": "999999999999999999"}),
    ],
)
@pytest.mark.parametrize("kind", sorted(keys.MEMORIES))
async def test_a_memory_written_by_hand(
    redis: Any, lively: Settings, kind: str, entry: str, fields: dict[str, Any]
) -> None:
    async with running(lively) as task:
        await redis.xadd(keys.MEMORIES[kind].key(mind=MIND), fields, id=entry)
        async with Mind.connect(MIND, settings=lively) as mind:
            await mind.think("where is the kettle?")
            await lives(task, lively, "ana")
            await mind.recall("the kettle")
    async with running(lively) as task:
        await lives(task, lively, "ana")


async def test_the_mind_is_named_with_the_cure_until_it_is_mended(
    redis: Any, lively: Settings
) -> None:
    contest, memories = keys.CONTEST.key(mind=MIND), keys.EPISODIC.key(mind=MIND)
    await redis.set(contest, "mine")
    await redis.set(memories, "mine, too")

    async def troubles() -> Any:
        return (await collect(lively))["troubles"]

    async def is_tried_again() -> bool:
        found = await troubles()
        return bool(found["count"]) and found["first"][0]["tries"] > 1

    async def is_well() -> bool:
        return bool((await troubles())["count"] == 0)

    async with running(lively) as task:
        async with Mind.connect(MIND, settings=lively) as mind:
            await mind.think("it goes on later")
        await lives(task, lively, "ana")
        await until(is_tried_again)
        [fault] = (await troubles())["first"]
        assert (fault["mind"], fault["what"]) == (MIND, "attention")
        assert "WRONGTYPE" in fault["error"] and "RENAME" in fault["cure"]
        assert fault["again_s"] == 2 ** (fault["tries"] - 1)
        finding = examine_minds(one.about for one in await alive_services(redis))
        assert (finding.state, MIND in finding.found) == ("bad", True)
        assert finding.cure == fault["cure"]
        overview = await collect(lively)
        [spoilt] = [one for one in overview["minds"] if one["mind"] == MIND] or [None]
        assert spoilt is None or spoilt["competing"] is None
        await redis.delete(contest, memories)
        await until(is_well)
        await lives(task, lively, MIND)


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize(
    "family",
    [keys.CONTEST, keys.DEADLINES, keys.INTERVENING, keys.ASSEMBLED, keys.LEDGER, keys.UNCONSCIOUS,
     keys.WINDOWS, keys.WINDOW, *keys.MEMORIES.values()],
    ids=lambda family: family.name,
)  # fmt: skip
async def test_a_look_names_the_key_that_is_not_ours(
    redis: Any, settings: Settings, family: keys.Family, type_: str
) -> None:
    key = key_of(family, mind=MIND, window="sensory")
    async with Mind.connect(MIND, settings=settings) as mind:
        for seed in range(3):
            await mind.feed([NewThought.of("the kettle is on"), NewThought.of("it is off")])
            await mind.attend()
            await spoil(redis, key, type_, random.Random(seed))
            for look in (mind.state, mind.audit):
                try:
                    await look()
                except SpoiltMind as error:
                    assert str(error).startswith(f"{key.decode()}: ") and "RENAME" in str(error)
                else:
                    is_read = look == mind.state or family not in UNREAD_BY_AUDIT
                    assert type_ == family.type or not is_read
            await redis.flushall()


@pytest.mark.parametrize(
    ("family", "value"),
    [(keys.LEDGER, {"adopted": "many"}), (keys.INTERVENING, {"1-1@x": '["content","x"]'}),
     (keys.INTERVENING, {"1-1@x": "{"}), (keys.INTERVENING, {"1-1@x": "[" * 100_000}),
     (keys.CONTEST, {"a": 1}), (keys.CONTEST, {f"{'9' * 30}-1@x": 1, "@": 1})],
)  # fmt: skip
async def test_a_look_names_what_is_not_ours_in_a_key_of_its_type(
    redis: Any, settings: Settings, family: keys.Family, value: dict[str, Any]
) -> None:
    key = family.key(mind=MIND)
    if family.type == "hash":
        await redis.hset(key, mapping=value)
    else:
        await redis.zadd(key, value)
        await redis.zadd(keys.DEADLINES.key(mind=MIND), value)
    async with Mind.connect(MIND, settings=settings) as mind:
        with pytest.raises(SpoiltMind, match=re.escape(key)):
            await mind.state()
        if family is keys.LEDGER:
            with pytest.raises(SpoiltMind, match=re.escape(key)):
                await mind.audit()
        else:
            assert not (await mind.audit()).balanced


async def test_a_look_at_more_than_it_gives_is_refused(redis: Any, settings: Settings) -> None:
    async with Mind.connect(MIND, settings=settings) as mind:
        for top in (0, -1, 1001):
            with pytest.raises(InvalidThought, match=f"top: is {top}; give 1 to 1000"):
                await mind.state(top=top)


async def test_what_is_no_utf8_leaves_as_valid_text(redis: Any, lively: Settings) -> None:
    odd, told = b"caf\xe9 \xff", "caf\ufffd \ufffd"
    key = keys.WINDOW.key(mind=MIND, window="sensory")
    async with Mind.connect(MIND, settings=lively) as mind:
        await redis.xadd(key, {"content": odd, odd: odd})
        [candidate] = (await mind_with_contest(mind)).contest
        report = await mind.attend()
        assert report.attended is not None
        attended = await anext(mind.attended(since="0"))
        state = await mind.state()
        for one in (report.attended, attended, *state.attended, *state.intervening):
            assert (one.content, one.fields[told]) == (told, told)
        assert candidate.content == told
        await redis.xadd(keys.EPISODIC.key(mind=MIND), {"content": odd})
        await redis.xadd(
            keys.UNCONSCIOUS.key(mind=MIND),
            {"content": odd, "id": b"1-1@\xff"} | dict.fromkeys(_NUMBERS, "0"),
        )
        state = await mind.state()
        assert [one.fields["content"] for one in state.memories] == [told]
        assert [one.content for one in await mind.forgotten()] == [told]
        assert [one.content for one in await mind.recall("caf")] in ([], [told])


async def mind_with_contest(mind: Mind) -> MindState:
    """What it looks like while nothing has won: adopted, and no more."""
    await Attention(mind._redis, mind._settings.streams).cycle(
        mind.name, await mind.windows(), mode="settle"
    )
    return await mind.state()


@pytest.mark.parametrize("odd", ["caf\udce9", "\ud800", "\udcff"])
async def test_a_name_that_is_no_text_is_refused_before_anything_is_written(
    redis: Any, lively: Settings, odd: str
) -> None:
    with pytest.raises(InvalidThought, match="name: is not UTF-8"):
        Mind.connect(odd, settings=lively)
    async with Mind.connect(MIND, settings=lively) as mind:
        several: list[dict[str, Any]] = [{name: odd} for name in ("window", "source", "seen")]
        for fields in (*several, {odd: "seen"}):
            with pytest.raises(InvalidThought, match="is not UTF-8"):
                await mind.think("hi", **fields)
        with pytest.raises(InvalidThought, match="content: is not UTF-8"):
            await mind.think(odd)
    assert await redis.keys() == []


HANDS: dict[str, Any] = {
    "recall": lambda mind: mind.recall("the kettle"),
    "memories": lambda mind: mind.memories(),
    "memory": lambda mind: mind.memory("episodic/1-1"),
    "forget": lambda mind: mind.forget("episodic/1-1"),
    "erase": lambda mind: mind.erase("episodic/1-1"),
    "anchor": lambda mind: mind.anchor("the kettle", kind="episodic"),
    "sleep": lambda mind: mind.sleep(),
    "state": lambda mind: mind.state(),
    "audit": lambda mind: mind.audit(),
    "export": lambda mind: anext(mind.export()),
}


@pytest.mark.parametrize("hand", HANDS)
async def test_a_key_of_another_type_is_named_with_the_cure(
    redis: Any, lively: Settings, hand: str
) -> None:
    key = keys.EPISODIC.key(mind=MIND)
    await redis.set(key, "mine")
    async with Mind.connect(MIND, settings=lively) as mind:
        with pytest.raises(SpoiltMind, match=rf"^{key}: is a string, not a stream; .* DEL"):
            await HANDS[hand](mind)


async def test_a_memorys_own_key_of_another_type_is_told_with_who_names_it(
    redis: Any, lively: Settings
) -> None:
    async with Mind.connect(MIND, settings=lively) as mind:
        made = await mind.anchor("the kettle")
        await redis.set(keys.ITEM.key(mind=MIND, id=made), "mine")
        with pytest.raises(SpoiltMind, match="doctor"):
            await mind.memory(made)
