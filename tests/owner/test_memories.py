"""The hands of a mind's owner on single memories: list, read, forget, take back, erase."""

from typing import Any

import pytest

from thoughtstream import InvalidThought, Mind, NotRemembered, keys
from thoughtstream.config import Settings
from thoughtstream.memory.models import Location


@pytest.fixture
async def mind(settings: Settings, redis: Any) -> Any:
    async with Mind.connect("ana: {x}", settings=settings) as mind:
        yield mind
        audit = await mind.audit()
        assert audit.faults == []


async def everywhere(redis: Any, text: str) -> list[str]:
    """The keys that have this text in them."""
    found = []
    async for key in redis.scan_iter():
        if text.encode() in (await redis.dump(key)) or text in await whole(redis, key):
            found.append(key)
    return found


async def whole(redis: Any, key: str) -> str:
    match await redis.type(key):
        case "stream":
            return str(await redis.xrange(key))
        case "hash":
            return str(await redis.hgetall(key))
        case "zset":
            return str(await redis.zrange(key, 0, -1))
        case _:
            return ""


async def test_listed_in_pages_both_ways(mind: Mind) -> None:
    kinds = keys.MEMORY_KINDS * 3
    ids = [await mind.anchor(f"memory {n}", kind=kind) for n, kind in enumerate(kinds)]
    all_ = await mind.memories()
    assert {memory.id for memory in all_} == set(ids)
    orders = [Location(memory.kind, memory.entry).order for memory in all_]
    assert orders == sorted(orders, reverse=True)
    first = await mind.memories(limit=4)
    second = await mind.memories(limit=4, before=first[-1].place)
    third = await mind.memories(limit=4, before=second[-1].place)
    assert first + second + third == all_
    assert await mind.memories(limit=4, after=second[0].place) == first
    assert await mind.memories(limit=4, before=all_[-1].entry) == []
    assert [m.id for m in await mind.memories(kind="semantic")] == ids[1::3][::-1]


async def test_forgotten_and_taken_back(mind: Mind) -> None:
    id_ = await mind.anchor("Anna is allergic to peanuts", kind="semantic", source="chat")
    was = await mind.memory(id_)
    entry = await mind.forget(id_, by="ana")
    assert await mind.recall("peanuts") == []
    assert await mind.memories() == []
    with pytest.raises(NotRemembered):
        await mind.memory(id_)
    [forgotten] = await mind.forgotten()
    assert forgotten.entry == entry
    assert (forgotten.fields["reason"], forgotten.fields["asked_by"]) == ("asked", "ana")
    assert (await mind.audit()).let_go == 1
    assert await mind.take_back(entry) == id_
    again = await mind.memory(id_)
    assert again == was.model_copy(update={"entry": again.entry})
    assert [found.id for found in await mind.recall("peanuts")] == [id_]
    with pytest.raises(NotRemembered):
        await mind.forget("1-1@sensory")


async def test_superseded_and_taken_back(mind: Mind) -> None:
    old = await mind.anchor("Anna lives in Lisbon", kind="semantic")
    new = await mind.supersede(old, "Anna lives in Porto", source="letter", by="ana")
    assert [memory.id for memory in await mind.memories()] == [new]
    found = await mind.memory(new)
    assert (found.kind, found.content, found.fields["source"]) == (
        "semantic", "Anna lives in Porto", "letter",
    )  # fmt: skip
    assert (found.provenance.supersedes, found.provenance.by) == (old, {"asked": "ana"})
    assert [hit.id for hit in await mind.recall("Lisbon Anna")] == [new]
    [was] = await mind.forgotten()
    assert (was.id, was.fields["superseded_by"], was.fields["reason"]) == (old, new, "superseded")
    assert (await mind.audit()).superseded == 1
    assert await mind.take_back(was.entry) == old
    assert {memory.id for memory in await mind.memories()} == {old, new}
    assert "superseded_by" not in (await mind.memory(old)).fields
    with pytest.raises(NotRemembered):
        await mind.supersede("1-1@sensory", "x")


async def test_a_thought_with_a_reason_of_its_own_competes_again(mind: Mind) -> None:
    await mind.think("strong", salience=1)
    await mind.think("weak", salience=0.1, kind="semantic", reason="asked")
    await mind.attend()
    [forgotten] = await mind.forgotten()
    assert await mind.take_back(forgotten.entry) != forgotten.id
    assert await mind.memories() == []


async def test_erased_nothing_is_left(mind: Mind, redis: Any, settings: Settings) -> None:
    id_ = await mind.anchor("the password is zebra")
    other = await mind.anchor("the kettle is on")
    assert (await mind.recall("zebra"))[0].id == id_
    erased = await mind.erase(id_)
    assert (erased.memories, erased.derived) == (1, ())
    assert await everywhere(redis, "zebra") == []
    assert [path for path in settings.home.rglob("*") if b"zebra" in _bytes(path)] == []
    assert [memory.id for memory in await mind.memories()] == [other]
    assert (await mind.audit()).memories == 1
    assert (await mind.audit()).erased == 1
    with pytest.raises(NotRemembered):
        await mind.erase(id_)


def _bytes(path: Any) -> bytes:
    return path.read_bytes() if path.is_file() else b""


@pytest.mark.slow
async def test_erased_with_all_that_came_of_it(mind: Mind, redis: Any) -> None:
    said = "the password is zebra"
    first = await mind.anchor(said)
    same = [await mind.anchor(said, at=f"2024-01-0{day}") for day in (1, 2)]
    await mind.sleep()
    gist = next(memory for memory in await mind.memories(kind="semantic"))
    assert gist.content == said
    kept = next(memory for memory in await mind.memories(kind="episodic"))
    assert kept.id == first
    assert len(await mind.merged()) == len(same)
    back = {"recalled": first, "salience": "0.9"}
    window = keys.WINDOW.key(mind=mind.name, window="memory")
    await redis.xadd(window, {"content": said} | back)
    report = await mind.attend()
    assert report.attended
    await mind.intervene(report.attended.id, "reframe", content="a secret")
    while (await mind.attend()).next_due_ms is not None:
        pass
    [reframed] = [m for m in await mind.memories() if m.content == "a secret"]
    assert reframed.fields["original_content"] == said
    for _ in range(2):  # one that intervenes, one that competes
        await redis.xadd(window, {"content": said} | back)
        await mind.attend()
    await redis.xadd(window, {"content": said} | back)  # one that nobody has read
    assert (await mind.audit()).intervening == 2
    await redis.xadd(window, {"content": "another", "salience": "0.31"})
    before = await redis.xlen(keys.ASSEMBLED.key(mind=mind.name)), await mind.audit()
    would = await mind.erase(first, dry_run=True)
    assert before == (await redis.xlen(keys.ASSEMBLED.key(mind=mind.name)), await mind.audit())
    erased = await mind.erase(first)
    assert erased == would
    assert (erased.memories, erased.derived) == (2, (reframed.id,))
    assert await everywhere(redis, "zebra") == []
    [left] = await mind.memories()
    assert (left.id, left.content) == (reframed.id, "a secret")
    assert "recalled" not in left.fields
    assert "original_content" not in left.fields
    audit = await mind.audit()
    assert (audit.erased, audit.memories, audit.intervening) == (2, 1, 0)


async def test_erased_with_all_that_came_of_what_was_merged_into_it(mind: Mind, redis: Any) -> None:
    """It says the same: so no word of it is left either."""
    first, second = [await mind.anchor(text) for text in ("A zebra", "a zebra!")]
    window = keys.WINDOW.key(mind=mind.name, window="memory")
    await redis.xadd(window, {"content": "a zebra!", "recalled": second, "salience": "0.9"})
    report = await mind.attend()
    assert report.attended
    await mind.intervene(report.attended.id, "reframe", content="a secret")
    while (await mind.attend()).next_due_ms is not None:
        pass
    await mind.sleep()
    [merged] = await mind.merged()
    assert (merged.id, merged.into) == (second, first)
    reframed = next(one for one in await mind.memories() if one.id != first)
    assert reframed.fields["original_content"] == "a zebra!"
    erased = await mind.erase(first)
    assert erased.derived == (reframed.id,)
    assert await everywhere(redis, "zebra") == []
    assert "recalled" not in (await mind.memory(reframed.id)).fields


async def test_what_was_forgotten_or_merged_is_erased_too(mind: Mind, redis: Any) -> None:
    id_ = await mind.anchor("the password is zebra")
    await mind.forget(id_)
    erased = await mind.erase(id_)
    assert (erased.memories, erased.copies) == (0, 1)
    assert await everywhere(redis, "zebra") == []
    kept, gone = [await mind.anchor(text) for text in ("Zebra 12", "zebra 12")]
    await mind.sleep()
    assert [merged.id for merged in await mind.merged()] == [gone]
    await mind.erase(gone)
    assert (await mind.memory(kept)).provenance.merged_from == ()
    await mind.erase(kept)
    assert await everywhere(redis, "ebra 12") == []


async def test_a_foreign_entry_has_a_place(settings: Settings, redis: Any) -> None:
    async with Mind.connect("foreign", settings=settings) as mind:
        entry = await redis.xadd(keys.EPISODIC.key(mind="foreign"), {"content": "zebra"})
        [memory] = await mind.memories()
        assert (await mind.memory(memory.place)).content == "zebra"
        gone = await mind.forget(memory.place)
        assert [one.content for one in await mind.forgotten()] == ["zebra"]
        await mind.take_back(gone)
        [memory] = await mind.memories()
        assert memory.entry != entry
        await mind.erase(memory.place)
        assert await mind.memories() == []
        assert await everywhere(redis, "zebra") == []


@pytest.mark.parametrize("name", ["", "x", "1-1", "dream/1-1", "semantic/1-99999999999999999999"])
async def test_no_memory(mind: Mind, name: str) -> None:
    for move in (mind.memory, mind.forget, mind.erase):
        with pytest.raises(NotRemembered):
            await move(name)


@pytest.mark.parametrize("cursor", ["x", "dream/1-1", "1-99999999999999999999"])
async def test_no_place(mind: Mind, cursor: str) -> None:
    with pytest.raises(InvalidThought):
        await mind.memories(before=cursor)
    with pytest.raises(InvalidThought):
        await mind.memories(after=cursor)


async def test_an_erasure_by_place_reaches_what_was_distilled(mind: Mind) -> None:
    """In the same words: among the memories, and forgotten on request."""
    for forgotten_first in (False, True):
        for _ in range(3):
            await mind.anchor("the boiler is in the cellar")
        await mind.sleep()
        [gist] = await mind.memories(kind="semantic")
        if forgotten_first:
            await mind.forget(gist.id)
        for memory in await mind.memories(kind="episodic"):
            await mind.erase(memory.place)
        assert await mind.memories() == []
        assert await mind.forgotten() == []
        assert (await mind.audit()).balanced


async def test_a_producers_own_fields_come_back_with_a_memory(mind: Mind) -> None:
    own: dict[str, Any] = {"reason": "r", "threshold": "80", "forgotten_at": "noon"}
    memory = await mind.anchor("the boiler is new", **own)
    before = (await mind.memory(memory)).fields
    await mind.take_back(await mind.forget(memory, by="Bob"))
    assert (await mind.memory(memory)).fields == before
    assert own.items() <= before.items()
