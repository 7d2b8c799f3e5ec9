"""Vectors that are kept, and the space in which they are compared."""

import numpy as np
import numpy.typing as npt
import pytest

from thoughtstream.memory.models import Location
from thoughtstream.memory.space import Space, Vectors, packed, unpacked

DIMENSIONS = 64


def some(count: int, seed: int = 1) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)


def at(number: int, kind: str = "episodic") -> Location:
    return Location(kind, f"{number}-0")


def test_a_packed_vector_keeps_its_direction() -> None:
    vectors = some(100)
    kept = unpacked([packed(vector) for vector in vectors], DIMENSIONS)
    lengths = np.linalg.norm(vectors, axis=1)
    assert ((kept * vectors).sum(axis=1) / lengths > 0.999).all()
    assert len(packed(vectors[0])) == DIMENSIONS
    assert not unpacked([packed(np.zeros(DIMENSIONS, np.float32))], DIMENSIONS).any()


def test_what_most_have_in_common_tells_little() -> None:
    """The vectors of 300 memories, each with the name of one of two speakers in it; questions name
    the other one.
    """
    own, names = some(300), some(2, seed=2) * 2
    vectors = own + names[np.arange(300) % 2]
    rows = unpacked([packed(vector) for vector in vectors], DIMENSIONS)
    space, plain, whitened = Space(rows), 0, 0
    for number in range(300):
        asked = own[number] + names[(number + 1) % 2]
        plain += int((rows @ asked).argmax() == number)
        whitened += int(space.cosines(asked).argmax() == number)
    assert plain < 30
    assert whitened > 200


def test_it_grows_as_if_it_had_been_so_from_the_begin() -> None:
    vectors = some(400)
    asked = vectors[390] + some(1, seed=3)[0] / 2
    whole, grown = Vectors(), Vectors()
    rows = {at(number): packed(vector) for number, vector in enumerate(vectors)}
    whole.add(rows)
    for start in range(0, 400, 50):
        grown.add(dict(list(rows.items())[start : start + 50]))
        grown.near(asked)
    assert whole.near(asked).best(1) == grown.near(asked).best(1) == [at(390)]
    for number in (0, 390):
        assert whole.near(asked).of(at(number)) == pytest.approx(
            grown.near(asked).of(at(number)), abs=0.1
        )


def test_the_nearest_come_first_and_only_what_is_there() -> None:
    known, asked = Vectors(), some(1, seed=4)[0]
    assert known.near(asked).best(3) == []
    kinds = ("episodic", "semantic")
    rows = {at(n, kinds[n % 2]): packed(vector) for n, vector in enumerate(some(200))}
    known.add(rows)
    near = known.near(asked)
    everything = near.best(200)
    values = [near.of(location) or 0.0 for location in everything]
    assert values == sorted(values, reverse=True)
    assert near.best(7) == everything[:7]
    assert near.best(7, "semantic") == [one for one in everything if one.kind == "semantic"][:7]
    known.drop(everything[:2])
    assert known.near(asked).best(7) == everything[2:9]
    assert known.near(asked).of(everything[0]) is None
    assert (known.count("episodic") + known.count("semantic")) == 198
