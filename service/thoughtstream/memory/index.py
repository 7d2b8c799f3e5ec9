"""What recall asks of an index."""

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from thoughtstream.language.words import Query
from thoughtstream.memory.models import Filters, Location

Name = TypeVar("Name")

_MOST_LOCATED = 100_000


class IndexUnusable(Exception):
    """This index can't be used here, or no longer; another one has to be."""


@dataclass(frozen=True)
class Wanted:
    """What an index is to propose: the best `limit` memories that have any of these words.

    `idf`: by stem, how much a word tells. `known`: memories of which no sketch is needed.
    """

    query: Query
    idf: Mapping[str, float]
    filters: Filters
    limit: int
    known: Container[Location | None] = ()


@dataclass(frozen=True)
class Proposal:
    """The locations that an index has for what is wanted, by its own score, best first.

    Some memories may be gone from the streams. `sketches`: of those that were not known, as far as
    it has them.
    """

    locations: list[Location]
    sketches: Mapping[Location, str]


class Located(dict[Name, Location]):
    """Which memory each of an index's own names means, as far as it has been asked."""

    def unknown(self, names: Iterable[Name], known: Container[Location | None]) -> list[Name]:
        """Those that have to be looked up: they mean nothing yet, or no memory that is known."""
        if len(self) > _MOST_LOCATED:
            self.clear()
        return [name for name in names if self.get(name) not in known]


class Index(Protocol):
    """Something that finds the memories of one mind by their words.

    Raises:
        IndexUnusable: it can't tell; nothing was changed.
    """

    name: ClassVar[str]

    async def frequency(self, query: Query) -> dict[str, int]:
        """How many memories have each stem of the query."""

    async def propose(self, wanted: Wanted) -> Proposal:
        """The memories that are wanted."""

    async def sketches(self, locations: Collection[Location]) -> Mapping[Location, str]:
        """Of those memories of which it keeps one, what the ranking has to know."""
