"""What the reference model can't show: floods, poison, workers side by side, a full Redis."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from redis.exceptions import OutOfMemoryError

from thoughtstream import keys
from thoughtstream.attention.attention import LIBRARY, Attention
from thoughtstream.attention.models import Audit
from thoughtstream.config import StreamConfig
from thoughtstream.errors import InterventionRefused, InvalidThought

WINDOWS = keys.STANDARD_WINDOWS


def key(window: str = "sensory", mind: str = "ana") -> str:
    return keys.WINDOW.key(mind=mind, window=window)


def worker(redis: Any, **config: Any) -> Attention:
    return Attention(redis, StreamConfig(**config))


async def audit(redis: Any) -> Audit:
    return await worker(redis).audit("ana", WINDOWS)


async def settled(redis: Any, attention: Attention) -> Audit:
    """Cycles until nothing competes and nothing is in its intervention window."""
    while True:
        report = await attention.cycle("ana", WINDOWS)
        if report.next_due_ms is None:
            return await audit(redis)


async def flood(redis: Any, count: int, salience: Callable[[int], float]) -> list[str]:
    pipe = redis.pipeline(transaction=False)
    for n in range(count):
        pipe.xadd(key(), {"content": f"thought {n}", "salience": str(salience(n))})
    return list(await pipe.execute())


async def test_a_strong_thought_behind_a_backlog_wins(redis: Any) -> None:
    await flood(redis, 3500, lambda n: 1.0 if n == 3400 else 0.5)
    report = await worker(redis, working_memory_maxlen=0).cycle("ana", WINDOWS)
    assert report.attended is not None
    assert report.attended.content == "thought 3400"


@pytest.mark.parametrize("read_before", [0, 700])
async def test_a_window_over_its_length_loses_the_oldest(redis: Any, read_before: int) -> None:
    attention = worker(redis, working_memory_maxlen=1000)
    ids = await flood(redis, read_before, lambda n: 0.5)
    await attention.cycle("ana", WINDOWS, mode="settle")
    ids += await flood(redis, 5000, lambda n: 0.5)
    report = await attention.cycle("ana", WINDOWS)
    assert (await audit(redis)).competing == 999
    assert report.attended is not None
    assert report.attended.id == f"{ids[-1000]}@sensory"
    counted = await audit(redis)
    assert counted.faults == []
    assert (counted.adopted, counted.displaced) == (len(ids), len(ids) - 1000)


async def test_a_cycle_that_encodes_and_attends_tells_what_is_due_next(redis: Any) -> None:
    """Not what it attended: a thought that was attended before that one would be encoded late."""
    encode_at = {}
    for content, ttl_ms in (("later", 60_000), ("now", 1)):
        await redis.xadd(key(), {"content": content})
        report = await worker(redis, working_memory_ttl_ms=ttl_ms).cycle("ana", WINDOWS)
        assert report.attended is not None
        encode_at[report.attended.content] = report.attended.encode_at
    await redis.xadd(key(), {"content": "just then"})
    while await redis.clock_ms(key()) < encode_at["now"]:
        pass
    report = await worker(redis, working_memory_ttl_ms=600_000).cycle("ana", WINDOWS)
    assert report.attended is not None
    assert (len(report.anchored_ids), report.attended.content) == (1, "just then")
    assert report.next_due_ms == encode_at["later"]


@pytest.mark.parametrize("half_life_ms", [None, 60_000])
async def test_a_winner_tells_how_many_it_beat_and_by_how_much(
    redis: Any, half_life_ms: int | None
) -> None:
    attention = worker(redis, half_life_ms=half_life_ms, forget_threshold=0)
    for salience in ("0.9", "0.4", "0.2"):
        lie = {"lead": "7", "rivals": "many"}
        await redis.xadd(key(), {"content": salience, "salience": salience} | lie)
    won = [(await attention.cycle("ana", WINDOWS)).attended for _ in range(3)]
    leads = [thought.lead for thought in won if thought]
    assert leads == [pytest.approx(0.5, rel=0.01), pytest.approx(0.2, rel=0.01), None]
    assert [thought.rivals for thought in won if thought] == [2, 1, 0]
    assembled = [fields for _, fields in await redis.xrange(keys.ASSEMBLED.key(mind="ana"))]
    assert [fields.get("lead") and float(fields["lead"]) for fields in assembled] == leads
    assert not any({"lead", "rivals"} & thought.fields.keys() for thought in won if thought)


async def test_lead_and_rivals_are_of_the_contest_and_not_remembered(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=1)
    await flood(redis, 2, lambda n: 0.5)
    await attention.cycle("ana", WINDOWS)
    await settled(redis, attention)
    memories = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert memories
    assert not any({"lead", "rivals"} & fields.keys() for _, fields in memories)


async def test_what_a_producer_called_lead_before_we_did_hides_no_mind(redis: Any) -> None:
    attention = worker(redis)
    await flood(redis, 1, lambda n: 0.5)
    await attention.cycle("ana", WINDOWS)
    assembled = keys.ASSEMBLED.key(mind="ana")
    [(_, fields)] = await redis.xrange(assembled)
    for name in ("lead", "rivals"):
        await redis.xadd(assembled, fields | {name: "singer"})
    shown = (await attention.look("ana", WINDOWS, 9)).attended
    assert [(thought.lead, thought.rivals) for thought in shown] == [(None, None)] * 2 + [(None, 0)]


async def test_a_window_that_is_no_stream_stops_nobody(redis: Any) -> None:
    await redis.set(key("emotion"), "not a stream")
    await redis.xadd(key("sensory"), {"content": "still here"})
    report = await worker(redis).cycle("ana", WINDOWS)
    assert report.attended is not None
    assert report.attended.content == "still here"
    assert any("emotion" in fault for fault in (await audit(redis)).faults)


async def test_what_is_too_large_or_has_too_many_fields_is_rejected(redis: Any) -> None:
    await redis.xadd(key(), {"content": "x" * 10_000_000})
    await redis.xadd(key(), {"content": "x"} | {f"field {n}": "" for n in range(5000)})
    report = await worker(redis).cycle("ana", WINDOWS)
    assert report.moved["rejected"] == 2
    reasons = [fields["reason"] for _, fields in await redis.xrange(keys.REJECTED.key(mind="ana"))]
    assert [reason.split(":")[0] for reason in reasons] == ["size", "fields"]
    assert await redis.xlen(key()) == 0


async def test_bytes_that_are_no_text_survive_to_memory(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=1)
    binary = bytes(range(256)).decode("utf-8", "surrogateescape")
    await redis.xadd(key(), {"content": binary})
    await attention.cycle("ana", WINDOWS)
    await settled(redis, attention)
    [(_, fields)] = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert fields["content"].encode("utf-8", "surrogateescape") == bytes(range(256))


async def test_a_producer_cannot_write_the_engines_fields(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=1)
    lie = {"content": "x", "vetoed_at": "1", "id": "0-0@memory", "window": "memory", "entry": "9"}
    entry = await redis.xadd(key(), lie)
    report = await attention.cycle("ana", WINDOWS)
    assert report.attended is not None
    assert (report.attended.id, report.attended.window) == (f"{entry}@sensory", "sensory")
    assert (await settled(redis, attention)).anchored == 1


async def test_workers_side_by_side_attend_every_thought_once(redis: Any) -> None:
    chance = random.Random(7)
    await flood(redis, 600, lambda n: chance.uniform(0.3, 1))
    workers = [worker(redis, working_memory_ttl_ms=600_000) for _ in range(4)]

    async def attend(attention: Attention) -> list[str]:
        seen: list[str] = []
        while True:
            report = await attention.cycle("ana", WINDOWS)
            if report.attended is None:
                return seen
            seen.append(report.attended.id)

    seen = await asyncio.gather(*(attend(attention) for attention in workers))
    assert sum(len(part) for part in seen) == 600
    assert len({name for part in seen for name in part}) == 600
    assert (await audit(redis)).balanced


async def test_with_a_half_life_a_fresh_thought_beats_a_stronger_old_one(redis: Any) -> None:
    attention = worker(redis, half_life_ms=20, forget_threshold=0)
    await redis.xadd(key(), {"content": "old", "salience": "0.9"})
    first = await attention.cycle("ana", WINDOWS, mode="settle")
    while (await attention.cycle("ana", WINDOWS, mode="settle")).now_ms < first.now_ms + 60:
        pass
    await redis.xadd(key(), {"content": "fresh", "salience": "0.5"})
    report = await attention.cycle("ana", WINDOWS)
    assert report.attended is not None
    assert report.attended.content == "fresh"


async def test_another_half_life_scores_anew_what_competes(redis: Any) -> None:
    await flood(redis, 50, lambda n: 0.4 + n / 100)
    await worker(redis).cycle("ana", WINDOWS, mode="settle")
    order = await redis.zrange(keys.CONTEST.key(mind="ana"), 0, -1)
    await worker(redis, half_life_ms=1000).cycle("ana", WINDOWS, mode="settle")
    assert await redis.zrange(keys.CONTEST.key(mind="ana"), 0, -1) == order
    scores = await redis.zrange(keys.CONTEST.key(mind="ana"), 0, -1, withscores=True)
    assert all(score < -1e6 for _, score in scores)


async def test_a_bounded_memory_loses_the_oldest_with_its_item(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=1, episodic_memory_maxlen=3)
    for n in range(5):
        await redis.xadd(key(), {"content": f"thought {n}"})
        await attention.cycle("ana", WINDOWS)
        await settled(redis, attention)
    kept = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert [fields["content"] for _, fields in kept] == ["thought 2", "thought 3", "thought 4"]
    items = [item async for item in redis.scan_iter(keys.ITEM.glob)]
    assert len(items) == 3
    assert await redis.hget(keys.LEDGER.key(mind="ana"), "outgrown") == "2"


async def test_a_full_redis_refuses_thoughts_but_remembers_and_forgets(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=50)
    await flood(redis, 20, lambda n: 0.9 if n % 2 else 0.1)
    await attention.cycle("ana", WINDOWS)
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used - 100_000)
    try:
        with pytest.raises(OutOfMemoryError):
            await redis.xadd(key(), {"content": "one too many"})
        counted = await settled(redis, attention)
    finally:
        await redis.config_set("maxmemory", 0)
    assert counted.balanced
    assert counted.anchored >= 1
    assert counted.forgotten == 10


async def test_cache_traffic_evicts_no_memory_and_no_thought(redis: Any) -> None:
    """At maxmemory, what has a TTL goes; what is durable stays, to the last value."""
    attention = worker(redis, working_memory_ttl_ms=600_000)
    anchored = [
        await attention.anchor("ana", "sensory", {"content": f"memory {n}"}) for n in range(100)
    ]
    await flood(redis, 50, lambda n: 0.5)
    await attention.cycle("ana", WINDOWS)
    used = (await redis.info("memory"))["used_memory"]
    await redis.config_set("maxmemory", used + 4_000_000)
    try:
        for start in range(0, 20_000, 1000):
            pipe = redis.pipeline(transaction=False)
            for n in range(start, start + 1000):
                pipe.set(keys.REFRACTORY.key(mind="cache", id=str(n)), "x" * 1000, ex=3600)
            await pipe.execute()
        evicted = (await redis.info("stats"))["evicted_keys"]
        kept = await redis.xrange(keys.EPISODIC.key(mind="ana"))
        items = [
            await redis.hget(keys.ITEM.key(mind="ana", id=name), "content") for name in anchored
        ]
        counted = await audit(redis)
    finally:
        await redis.config_set("maxmemory", 0)
    assert evicted > 1000
    assert [fields["content"] for _, fields in kept] == [f"memory {n}" for n in range(100)]
    assert items == [f"memory {n}" for n in range(100)]
    assert (counted.balanced, counted.competing, counted.intervening) == (True, 49, 1)


async def test_an_intervention_on_what_is_not_there_is_refused(redis: Any) -> None:
    attention = worker(redis, working_memory_ttl_ms=1)
    await LIBRARY.ensure(redis)
    with pytest.raises(InvalidThought, match="<ms>-<seq>@<window>"):
        await attention.intervene("ana", "nonsense", "veto", {})
    with pytest.raises(InterventionRefused, match="is not in its intervention window"):
        await attention.intervene("ana", "1-1@sensory", "veto", {})
    entry = await redis.xadd(key(), {"content": "x"})
    await attention.cycle("ana", WINDOWS)
    await settled(redis, attention)
    with pytest.raises(InterventionRefused, match=r"closed at \d+"):
        await attention.intervene("ana", f"{entry}@sensory", "veto", {})


@pytest.mark.parametrize(
    "damage",
    [
        lambda redis: redis.hincrby(keys.LEDGER.key(mind="ana"), "attended", 1),
        lambda redis: redis.delete(keys.CONTEST.key(mind="ana")),
        lambda redis: redis.delete(keys.DEADLINES.key(mind="ana")),
        lambda redis: redis.delete(keys.INTERVENING.key(mind="ana")),
        lambda redis: redis.xreadgroup("attention", "thief", {key(): ">"}),
    ],
    ids=["ledger", "contest", "deadlines", "intervening", "thief"],
)
async def test_the_audit_sees_damage(redis: Any, damage: Callable[[Any], Any]) -> None:
    await flood(redis, 5, lambda n: 0.5)
    await worker(redis).cycle("ana", WINDOWS)
    assert (await audit(redis)).balanced
    await flood(redis, 1, lambda n: 0.5)
    await damage(redis)
    assert not (await audit(redis)).balanced
