"""Recall finds all that is left after sleep, with every index."""

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought

PLACES = ("harbour", "orchard", "attic", "bridge")


async def test_recall_after_sleep(mind: Mind) -> None:
    told = [f"We met Ana at the {place} on day {day}" for place in PLACES for day in (1, 2, 3)]
    ids = await anchor(mind, [NewThought.of(text) for text in told])
    copies = await anchor(mind, [NewThought.of(text.upper()) for text in told])
    assert len(await mind.recall("Ana", limit=100)) == 24
    report = await mind.sleep()
    assert {merged["id"] for merged in report.merged} == set(copies)
    left = await mind.recall("Ana", limit=100)
    distilled = {memory["id"] for memory in report.distilled}
    assert {memory.id for memory in left} == set(ids) | distilled
    assert len(distilled) == len(PLACES)
    for place in PLACES:
        [best, *_] = await mind.recall(place, kind="semantic")
        assert place in best.content
        assert best.fields["distilled_from"].count("@sensory") == 6
    await anchor(mind, [NewThought.of("We met Ana at the attic on day 4")])
    await mind.sleep()
    [attic, *_] = await mind.recall("attic", kind="semantic")
    assert attic.fields["distilled_from"].count("@sensory") == 7
    [fourth, *_] = await mind.recall("day 4 attic", kind="episodic")
    assert fourth.content == "We met Ana at the attic on day 4"


async def test_what_sleep_makes_is_found_as_what_was_thought(mind: Mind) -> None:
    """By words that an index of the server would not see by itself."""
    told = [f"The café_bar is {percent}% full (déjà vu)" for percent in (91, 92, 93)]
    [first, *_] = await anchor(mind, [NewThought.of(text) for text in told])
    [distilled] = (await mind.sleep()).distilled
    for word in ("bar", "cafe", "deja"):
        assert {first, distilled["id"]} <= {memory.id for memory in await mind.recall(word)}
