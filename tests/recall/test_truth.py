"""The memory streams are the truth: an index that knows less or more corrects itself."""

from datetime import UTC, datetime

import pytest
from redis import Redis

from tests.recall.conftest import Place
from tests.recall.servers import anchor
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.errors import RedisUnavailable
from thoughtstream.memory.models import Recalled

STREAM = keys.EPISODIC.key(mind="ana")


def thoughts(*contents: str) -> list[NewThought]:
    return [NewThought.of(content) for content in contents]


def contents(answer: list[Recalled]) -> set[str]:
    return {memory.content for memory in answer}


async def test_what_is_new_is_found_at_once(mind: Mind) -> None:
    for number in range(5):
        await anchor(mind, thoughts(f"quince {number}"))
        assert len(await mind.recall("quince")) == number + 1


async def test_a_removed_memory_is_gone(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts(*(f"nut {number}" for number in range(60))))
    removed, *kept = await mind.recall("nut", limit=100)
    with place.server.client() as client:
        client.xdel(STREAM, removed.entry)
    left = await mind.recall("nut", limit=100)
    assert {memory.id for memory in left} == {memory.id for memory in kept}
    with place.server.client() as client:
        client.delete(keys.ITEM.key(mind="ana", id=kept[0].id))
        client.xdel(STREAM, *(memory.entry for memory in kept[:50]))
    left = await mind.recall("nut", limit=100)
    assert {memory.id for memory in left} == {memory.id for memory in kept[50:]}
    assert await mind.recall("nut", limit=4) == left[:4]


async def test_a_trimmed_stream(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts("old fig", "older fig", "new fig"))
    assert len(await mind.recall("fig")) == 3
    with place.server.client() as client:
        client.xtrim(STREAM, maxlen=1, approximate=False)
    assert contents(await mind.recall("fig")) == {"new fig"}


async def test_a_stream_emptied_and_filled_again(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts("old fig"))
    assert await mind.recall("fig")
    with place.server.client() as client:
        client.xtrim(STREAM, maxlen=0)
    assert await mind.recall("fig") == []
    await anchor(mind, thoughts("new fig"))
    assert contents(await mind.recall("fig")) == {"new fig"}


async def test_after_flushall_nothing_of_before_is_left(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts("a peach before", "more before"))
    assert await mind.recall("peach before")
    with place.server.client() as client:
        client.flushall()
    assert await mind.recall("peach before") == []
    await anchor(mind, thoughts("a peach after"))
    assert contents(await mind.recall("peach before")) == {"a peach after"}


async def test_after_flushall_with_new_memories_already_there(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts("a peach before", "a peach before, too"))
    assert await mind.recall("peach")
    with place.server.client() as client:
        client.flushall()
    await anchor(mind, thoughts("a peach after"))
    assert contents(await mind.recall("peach")) == {"a peach after"}


async def test_a_clock_that_went_back(mind: Mind, place: Place) -> None:
    """Another history with lower entry ids; what the index has read says nothing about it."""

    def write(number: int, content: str) -> None:
        entry = {"content": content, "id": f"{number}@sensory", "attended_at": number}
        item = {**entry, "entry": f"{number}-0", "kind": "episodic"}
        with place.server.client() as client:
            client.xadd(STREAM, entry, id=f"{number}-0")
            client.hset(keys.ITEM.key(mind="ana", id=f"{number}@sensory"), mapping=item)

    def fill(numbers: range) -> None:
        """So that those after are not found as neighbours of those before."""
        for number in numbers:
            write(number, "nothing")

    async def finds(*wanted: str) -> None:
        assert contents(await mind.recall("fig", limit=100)) - {"nothing"} == set(wanted)

    write(10, "fig one")
    write(30, "fig two")
    await finds("fig one", "fig two")
    with place.server.client() as client:
        client.flushall()
    write(10, "fig one")
    fill(range(11, 20))
    write(20, "fig between")
    await finds("fig one", "fig between")
    fill(range(21, 40))
    write(40, "fig five")
    await finds("fig one", "fig between", "fig five")


async def test_an_older_backup_restored(mind: Mind, place: Place) -> None:
    """The streams go back in time and then on; nothing between is found, all else is."""
    await anchor(mind, thoughts("date one"))
    with Redis(unix_socket_path=str(place.server.socket)) as client:
        backup = {key: client.dump(key) for key in client.scan_iter("memory:*")}
        await anchor(mind, thoughts("date two"))
        assert contents(await mind.recall("date")) == {"date one", "date two"}
        client.flushall()
        for key, dumped in backup.items():
            client.restore(key, 0, dumped)
    assert contents(await mind.recall("date")) == {"date one"}
    await anchor(mind, thoughts("date three", "date four"))
    assert contents(await mind.recall("date")) == {"date one", "date three", "date four"}


async def test_a_foreign_entry_is_recalled_as_far_as_it_goes(mind: Mind, place: Place) -> None:
    with place.server.client() as client:
        if place.index == "RediSearch":
            item = {"content": "loquat", "entry": "5-1", "kind": "episodic", "attended_at": 5}
            client.hset(keys.ITEM.key(mind="ana", id="x"), mapping=item)
        client.xadd(STREAM, {"content": "loquat", "salience": "much"}, id="5-1")
        client.xadd(STREAM, {"no": "content"}, id="5-2")
    [loquat, _] = await mind.recall("loquat", context=1)
    assert (loquat.id, loquat.salience, loquat.attended_at) == ("5-1", 0.0, 5)
    assert loquat.context_after[0].fields == {"no": "content"}
    assert await mind.recall("loquat", until=datetime.fromtimestamp(0.005, UTC))


async def test_an_outage_never_looks_like_no_memories(mind: Mind, place: Place) -> None:
    await anchor(mind, thoughts("a fig"))
    assert await mind.recall("fig")
    place.server.stop()
    try:
        for query in ("fig", "unheard of", "", "!"):
            with pytest.raises(RedisUnavailable, match="does not answer"):
                await mind.recall(query)
    finally:
        place.server.start()
    assert contents(await mind.recall("fig")) == {"a fig"}
