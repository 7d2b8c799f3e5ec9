"""Recall finds what sleep merged again, once it was taken back, with every index."""

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought


async def test_recall_of_what_was_taken_back(mind: Mind) -> None:
    told = ("We met at the café_bar", "WE MET at the café_bar!", "we met at the harbour")
    first, again, other = await anchor(mind, [NewThought.of(text) for text in told])

    async def found() -> set[str]:
        return {memory.id for memory in await mind.recall("met bar")}

    assert await found() == {first, again, other}
    await mind.sleep()
    assert await found() == {first, other}
    [merged] = await mind.merged()
    assert await mind.unmerge(merged.entry) == again
    assert await found() == {first, again, other}
