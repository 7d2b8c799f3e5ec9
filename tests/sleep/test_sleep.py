"""What sleep does, on a real server."""

from typing import Any

import pytest

from tests.sleep.memories import DISK, KETTLE, Past, picture, remember
from thoughtstream import Mind, keys
from thoughtstream.errors import MemoryFull
from thoughtstream.memory.consolidation import Session


async def test_a_near_duplicate_goes_and_is_counted_as_the_older(redis: Any, mind: Mind) -> None:
    older, newer = await remember(redis, "ana", KETTLE)
    report = await mind.sleep()
    assert report.merged == [{"id": newer, "into": older}]
    [strengthened] = report.replayed
    assert strengthened["id"] == older
    assert strengthened["priority"] == pytest.approx(0.2)
    assert strengthened["strength"] == pytest.approx(2.2)
    after = await picture(redis, "ana")
    assert [memory["merged"] for memory in after["episodic"]] == [[newer]]
    [merged] = await mind.merged()
    assert (merged.id, merged.into, merged.content) == (newer, older, KETTLE[1].content)
    assert await mind.forgotten() == []


async def test_repeated_episodes_are_distilled_and_stay(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", [*DISK, Past("something else happened")])
    report = await mind.sleep()
    [distilled] = report.distilled
    assert distilled["from"] == ids[:3]
    assert [m.id for m in await mind.recall("disk full", kind="semantic")] == [distilled["id"]]
    after = await picture(redis, "ana")
    assert [memory["id"] for memory in after["episodic"]] == ids
    assert [memory["from"] for memory in after["semantic"]] == [ids[:3]]


async def test_a_distilled_memory_grows_with_its_episodes(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", DISK)
    [first] = (await mind.sleep()).distilled
    ids.append(await mind.anchor("The disk is 94% full"))
    ids.append(await mind.anchor("the DISK is 94 % full"))
    [second] = (await mind.sleep()).distilled
    assert second == {"id": first["id"], "from": ids}
    after = await picture(redis, "ana")
    assert [memory["from"] for memory in after["semantic"]] == [sorted(ids)]
    assert after["ledger"]["distilled"] == 1
    assert (await mind.sleep()).distilled == []


async def test_repeats_that_were_merged_count(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", [KETTLE[0]] * 2)
    assert (await mind.sleep()).distilled == []
    ids.append(await mind.anchor("the kettle is on"))
    assert [distilled["from"] for distilled in (await mind.sleep()).distilled] == [ids]


async def test_what_the_engine_anchored_is_consolidated_and_the_ledger_balances(
    redis: Any, mind: Mind
) -> None:
    for n in range(5):
        await mind.anchor(f"The disk is {n}% full", arousal=0.5, tagged="yes")
    await mind.anchor("The disk is 4% full")
    report = await mind.sleep()
    assert max(memory["priority"] for memory in report.replayed) == pytest.approx(0.5, abs=0.01)
    assert (await mind.audit()).balanced
    ledger = (await mind.state()).ledger
    kept = sum((await mind.state()).memory_counts.values())
    assert kept == ledger["anchored"] + ledger["distilled"] - ledger["merged"] == 6


async def test_a_dry_run_says_what_sleep_then_does_and_changes_nothing(
    redis: Any, mind: Mind
) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    before = {key: await redis.dump(key) async for key in redis.scan_iter()}
    would = await mind.sleep(dry_run=True)
    assert {key: await redis.dump(key) async for key in redis.scan_iter()} == before
    assert (would.dry_run, would.session) == (True, None)
    did = await mind.sleep()
    assert (did.merged, did.distilled) == (would.merged, would.distilled)
    assert did.replayed == would.replayed


async def test_an_empty_mind_sleeps(redis: Any, mind: Mind) -> None:
    report = await mind.sleep()
    assert (report.memories, report.replayed, report.merged, report.distilled) == (0, [], [], [])


async def test_a_poison_entry_stops_nobody(redis: Any, mind: Mind) -> None:
    stream = keys.EPISODIC.key(mind="ana")
    await redis.xadd(stream, {"no": "content"}, id="1-1")
    await redis.xadd(stream, {"content": "foreign", "id": "x", "valence": "high"}, id="1-2")
    bad = {
        "content": "bad",
        "id": "1-3@w",
        "valence": "nan",
        "distilled_from": "[",
        "anchored_at": "",
    }
    await redis.xadd(stream, bad, id="1-3")
    item = bad | {"entry": "1-3", "kind": "episodic", "strength": "much", "merged_from": "{"}
    await redis.hset(keys.ITEM.key(mind="ana", id="1-3@w"), mapping=item)
    await remember(redis, "ana", KETTLE)
    assert len((await mind.sleep()).merged) == 1


async def test_bytes_that_are_no_text(redis: Any, mind: Mind) -> None:
    binary = bytes(range(256)).decode("utf-8", "surrogateescape")
    ids = await remember(
        redis, "ana", [Past(f"two words {binary}", window='a "b" \\ /ü \udcff')] * 3
    )
    report = await mind.sleep()
    assert [merged["into"] for merged in report.merged] == [ids[0]] * 2
    assert [distilled["from"] for distilled in report.distilled] == [ids]
    after = await redis.hget(keys.ITEM.key(mind="ana", id=report.distilled[0]["id"]), "content")
    assert after == f"two words {binary}"


async def test_at_maxmemory_duplicates_still_go(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", KETTLE)
    await mind.sleep(dry_run=True)
    async with Session.begin(redis, "bob"):
        pass  # loads the library, which needs memory
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(MemoryFull):
            await mind.sleep()
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await picture(redis, "ana"))["ledger"] == {"replayed": 0, "merged": 1, "distilled": 0}
    assert len((await mind.sleep()).replayed) == 1
