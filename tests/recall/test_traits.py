"""What an index keeps of a memory makes all that the ranking knows of it."""

import hashlib
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.recall.servers import anchor
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.language import kinds
from thoughtstream.language.times import Span
from thoughtstream.memory import traits
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.memory.traits import Trait, sketched, trait_of

WORDS = [
    "I",
    "because",
    "three",
    "Ana:",
    "Lena",
    "last Friday",
    "?",
    '"',
    "电脑",
    "7 May",
    "\0",
    "\ud8ff",
]
CONTENTS = st.lists(st.sampled_from(WORDS) | st.text(st.characters(), max_size=8)).map(" ".join)
MOMENTS = st.integers(0, 10**18).map(str)


def known(trait: Trait) -> tuple[object, ...]:
    return trait.location, trait.place, trait.speaker, trait.day, trait.days, trait.text


@given(
    st.lists(
        st.fixed_dictionaries(
            {"content": CONTENTS, "at": MOMENTS}, optional={"speaker": st.sampled_from(WORDS)}
        )
    )
)
@example(
    [{"content": "Ana: I left last Friday, because of three 电脑", "at": "1", "speaker": "Ana"}]
)
def test_a_sketch_makes_the_same_trait(memories: list[Fields]) -> None:
    found = [trait_of(Location("episodic", f"{n}-0"), one) for n, one in enumerate(memories, 1)]
    again = sketched({trait.location: trait.sketch for trait in found})
    assert list(map(known, again)) == list(map(known, found))
    assert all(trait.sketch.encode() for trait in found)


def test_where_the_day_is_another_so_are_those_it_speaks_of() -> None:
    fields = {"content": "I left yesterday", "at": "864000000"}
    trait = trait_of(Location("episodic", "1-0"), fields)
    (made,) = sketched({trait.location: trait.sketch})
    elsewhere = made._replace(day=made.day + timedelta(days=1))

    assert made.days == [Span(made.day - timedelta(days=1), made.day - timedelta(days=1))]
    assert elsewhere.days == [Span(made.day, made.day)]


def test_a_sketch_of_another_version_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    trait = trait_of(Location("episodic", "1-0"), {"content": "an olive"})
    sketch = trait.sketch
    monkeypatch.setattr(traits, "VERSION", traits.VERSION + 1)
    assert list(sketched({trait.location: sketch})) == []
    assert list(map(known, sketched({trait.location: trait.sketch}))) == [known(trait)]
    of_version_2 = '["a place", null, 1, [], " an  oliv ", 2, "00000000", "", ""]'
    assert list(sketched({trait.location: of_version_2})) == []


def test_sketches_have_a_number() -> None:
    """If this fails, sketches are others: raise `VERSION`, then mend this."""
    content = 'Ana: I left on 7 May, because "three" of Lena\'s friends came last Friday. Why?'
    content += " ".join(sorted(kinds._things()))
    fields = {"content": content, "speaker": "Ana", "at": "86400000"}
    made = trait_of(Location("episodic", "1-0"), fields).sketch
    assert (traits.VERSION, hashlib.sha256(made.encode()).hexdigest()[:8]) == (3, "4e3e046b")


async def test_what_a_question_ranks_is_not_read_but_for_its_answers(
    mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ("an olive and a number", "something beside it", "and something else")
    await anchor(mind, [NewThought.of(f"{told[n % 3]}: {n}") for n in range(42)])
    monkeypatch.setattr("thoughtstream.memory.recall._WHOLE", 10)
    await mind.recall("olive", limit=3)
    read: list[int] = []
    read_all = Streams.read

    async def noted(self: Streams, locations: list[Location]) -> dict[Location, Fields]:
        read.append(len(locations))
        return await read_all(self, locations)

    monkeypatch.setattr(Streams, "read", noted)
    async with Mind.connect("ana", settings=mind._settings) as other:
        found = await other.recall("olive", limit=3)
    assert len(found) == 3
    assert sum(read) == 3
