"""Who changed an attended thought, and a veto that is taken back; fields that come twice."""

from typing import Any

import pytest

from thoughtstream import Mind, keys
from thoughtstream.config import Settings, StreamConfig

MIND = "ana"
CALM = StreamConfig(working_memory_ttl_ms=300)


@pytest.fixture
async def mind(settings: Settings, redis: Any) -> Any:
    async with Mind.connect(MIND, settings=settings.model_copy(update={"streams": CALM})) as mind:
        yield mind
        assert (await mind.audit()).faults == []


async def attended(mind: Mind) -> str:
    report = await mind.attend()
    assert report.attended
    return report.attended.id


async def encoded(mind: Mind) -> None:
    while (await mind.attend()).next_due_ms is not None:
        pass


async def test_a_veto_is_taken_back(mind: Mind) -> None:
    await mind.think("the kettle is on")
    thought = await attended(mind)
    await mind.intervene(thought, "veto", by="ana")
    [vetoed] = (await mind.state()).intervening
    assert vetoed.fields["vetoed_by"] == "ana"
    await mind.intervene(thought, "restore", by="bob")
    await mind.intervene(thought, "restore", by="carl")
    await encoded(mind)
    memory = await mind.memory(thought)
    assert (memory.content, memory.provenance.by) == ("the kettle is on", {"restored": "bob"})
    assert "vetoed_at" not in memory.fields


async def test_what_was_never_vetoed_is_not_restored(mind: Mind) -> None:
    await mind.think("the kettle is on")
    thought = await attended(mind)
    await mind.intervene(thought, "restore", by="bob")
    await encoded(mind)
    assert (await mind.memory(thought)).provenance.by == {}


async def test_who_changed_what(mind: Mind) -> None:
    await mind.think("the kettle is on", by="a producer's own")
    thought = await attended(mind)
    await mind.intervene(thought, "reframe", by="ana", content="the kettle is off")
    await mind.intervene(thought, "boost", salience=1)
    await encoded(mind)
    memory = await mind.memory(thought)
    assert memory.provenance.by == {"reframed": "ana"}
    assert memory.provenance.original == {"content": "the kettle is on", "salience": "0.5"}
    assert (memory.fields["by"], "boosted_at" in memory.fields) == ("a producer's own", True)


async def test_of_a_field_that_comes_twice_the_last_counts_everywhere(
    mind: Mind, redis: Any
) -> None:
    window = keys.WINDOW.key(mind=MIND, window="sensory")
    twice = ("content", "one", "salience", "0.1", "content", "two", "salience", "0.9")
    entry = await redis.execute_command("XADD", window, "*", *twice)
    thought = await attended(mind)
    assert thought == f"{entry}@sensory"
    [shown] = (await mind.state()).intervening
    assert (shown.content, shown.salience, shown.score) == ("two", 0.9, 0.9)
    await mind.intervene(thought, "reframe", content="three")
    await encoded(mind)
    memory = await mind.memory(thought)
    assert (memory.content, memory.provenance.original) == ("three", {"content": "two"})
    [raw] = await redis.execute_command("XRANGE", keys.EPISODIC.key(mind=MIND), "-", "+")
    assert list(raw[1]).count("content") == 1


async def test_a_forgotten_thought_keeps_its_own_id(mind: Mind, redis: Any) -> None:
    window = keys.WINDOW.key(mind=MIND, window="sensory")
    await mind.think("strong", salience=1)
    twice = ("content", "weak", "id", "1-1@x", "salience", "0.1", "id", "2-2@x")
    entry = await redis.execute_command("XADD", window, "*", *twice)
    await attended(mind)
    [forgotten] = await mind.forgotten()
    assert forgotten.id == f"{entry}@sensory"


async def test_recall_by_what_a_producer_gave(mind: Mind) -> None:
    mail = await mind.anchor("the invoice came", source="mail", folder="in")
    await mind.anchor("the invoice came", source="chat")
    found = await mind.recall("invoice", source="mail")
    assert [memory.id for memory in found] == [mail]
    assert await mind.recall("invoice", source="chat", fields={"folder": "in"}) == []
    found = await mind.recall("invoice", source="mail", fields={"folder": "in"})
    assert [memory.id for memory in found] == [mail]
