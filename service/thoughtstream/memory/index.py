"""What recall asks of an index."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from thoughtstream.language.words import Query
from thoughtstream.memory.models import Filters, Location


class IndexUnusable(Exception):
    """This index can't be used here, or no longer; another one has to be."""


@dataclass(frozen=True)
class Proposal:
    """The locations that an index has for a query, by its own score, best first.

    `is_all`: it has no others. Some memories may be gone from the streams. `sketches`: of
    the locations, if it had them at hand.
    """

    locations: list[Location]
    is_all: bool
    sketches: Mapping[Location, str] | None = None


class Index(Protocol):
    """Something that finds the memories of one mind by their words.

    Raises:
        IndexUnusable: it can't tell; nothing was changed.
    """

    name: ClassVar[str]

    async def frequency(self, query: Query) -> dict[str, int]:
        """How many memories have each stem of the query."""

    async def propose(self, query: Query, filters: Filters, limit: int) -> Proposal:
        """The best `limit` memories that have any word of the query."""

    async def sketches(self, locations: Collection[Location]) -> Mapping[Location, str]:
        """Of those memories of which it keeps one, what the ranking has to know."""

    async def forget(self, locations: Collection[Location]) -> None:
        """These are no longer in the streams."""
