"""Vectors, packed to be kept and placed to be compared. Needs numpy."""

from collections import Counter
from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from thoughtstream.memory.models import Location

Floats = npt.NDArray[np.float32]

_SCALE = 127.0
_GROWTH = 1.2
_SPARE = 2


def packed(vector: Floats) -> bytes:
    """A vector as bytes, one a dimension: only its direction is kept, to within a hundredth."""
    largest = float(np.abs(vector).max(initial=0.0)) or 1.0
    return bytes(np.rint(vector * (_SCALE / largest)).astype(np.int8).tobytes())


def unpacked(rows: list[bytes], dimensions: int) -> Floats:
    """Packed vectors, each of length 1: an array of (rows, dimensions)."""
    numbers = np.frombuffer(b"".join(rows), dtype=np.int8).reshape(len(rows), dimensions)
    return _of_length_one(numbers.astype(np.float32))


class Space:
    """Vectors that can be compared with another one.

    What most of them have in common tells nothing: a speaker's name in each, how a model puts all
    it knows into one corner. So the space is whitened: directions in which they differ much count
    less. This does for any model what weighting words by how rare they are does for word vectors,
    and the vectors that are kept need not change as others come.
    """

    def __init__(self, vectors: Floats) -> None:
        """Vectors of length 1, an array of (memories, dimensions)."""
        self._vectors = vectors
        self._fitted, self._whiten, self._placed = self._fit()

    def grown(self, vectors: Floats) -> Self:
        """With these, too; returns itself."""
        self._vectors = np.concatenate([self._vectors, vectors])
        if len(self._vectors) > _GROWTH * self._fitted:
            self._fitted, self._whiten, self._placed = self._fit()
        else:
            placed = _of_length_one(vectors @ self._whiten)
            self._placed = np.concatenate([self._placed, placed])
        return self

    def cosines(self, vector: Floats) -> Floats:
        """How near each of its vectors is to this one, -1..1; 0 where nothing is known."""
        placed = _of_length_one((vector @ self._whiten)[None, :])[0]
        found: Floats = self._placed @ placed
        return found

    def _fit(self) -> tuple[int, Floats, Floats]:
        """How many vectors it was fitted to, what whitens them, and they, whitened."""
        count, dimensions = self._vectors.shape
        spread = self._vectors.T @ self._vectors / max(1, count)
        mean = float(np.trace(spread)) / dimensions or 1.0
        # Of few vectors, little is known of how they differ; and none is blown up without end.
        known = count / (count + dimensions)
        values, axes = np.linalg.eigh(known * spread)
        scale = 1 / np.sqrt(np.maximum(values, 0) + (2 - known) * mean)
        whiten = ((axes * scale) @ axes.T).astype(np.float32)
        return count, whiten, _of_length_one(self._vectors @ whiten)


class Vectors:
    """The vectors of a mind's memories, by location."""

    def __init__(self) -> None:
        self._rows: dict[Location, int] = {}
        self._locations: list[Location] = []
        self._counts: Counter[str] = Counter()
        self._space: Space | None = None
        self._new: list[bytes] = []

    def __contains__(self, location: Location) -> bool:
        return location in self._rows

    def count(self, kind: str) -> int:
        """How many of a kind there are."""
        return self._counts[kind]

    def of_kind(self, kind: str) -> list[Location]:
        """Those of a kind."""
        return [location for location in self._rows if location.kind == kind]

    def add(self, rows: Mapping[Location, bytes]) -> None:
        """These are there, too; packed vectors of one length. They get their place in the
        space when it is next asked.
        """
        self._new += rows.values()
        self._rows |= {location: len(self._locations) + at for at, location in enumerate(rows)}
        self._locations += rows
        self._counts.update(location.kind for location in rows)

    def drop(self, gone: list[Location]) -> None:
        """These memories are gone. Their vectors stay in the space until the process ends."""
        for location in gone:
            if self._rows.pop(location, None) is not None:
                self._counts[location.kind] -= 1

    def near(self, vector: Floats) -> "Near":
        """How near all of them are to a vector."""
        if self._new:
            vectors = unpacked(self._new, len(vector))
            self._space = Space(vectors) if self._space is None else self._space.grown(vectors)
            self._new = []
        cosines = np.zeros(0, np.float32) if self._space is None else self._space.cosines(vector)
        return Near(self._rows, self._locations, cosines)


class Near:
    """How near memories are to a question."""

    def __init__(
        self, rows: Mapping[Location, int], locations: list[Location], cosines: Floats
    ) -> None:
        self._rows = rows
        self._locations = locations
        self._cosines = cosines

    def of(self, location: Location) -> float | None:
        """The cosine of a memory and the question, -1..1; None if it has no vector (yet)."""
        row = self._rows.get(location)
        return None if row is None else float(self._cosines[row])

    def best(self, limit: int, kind: str | None = None) -> list[Location]:
        """The nearest memories, the nearest first."""
        first = self._first(_SPARE * limit, limit, kind)
        return first if len(first) == limit else self._first(len(self._cosines), limit, kind)

    def _first(self, size: int, limit: int, kind: str | None) -> list[Location]:
        """Of the `size` nearest."""
        rows = np.arange(len(self._cosines))
        if size < len(rows):
            rows = np.argpartition(-self._cosines, size)[:size]
        found: list[Location] = []
        for row in rows[np.argsort(-self._cosines[rows], kind="stable")].tolist():
            location = self._locations[row]
            if self._rows.get(location) == row and kind in (None, location.kind):
                found.append(location)
                if len(found) == limit:
                    break
        return found


def _of_length_one(vectors: Floats) -> Floats:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
