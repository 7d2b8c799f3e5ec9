"""What recall asks of an index."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar, Protocol

from thoughtstream.language.words import Query
from thoughtstream.memory.models import Place, Where


class IndexUnusable(Exception):
    """This index can't be used here, or no longer; another one has to be."""


@dataclass(frozen=True)
class Proposal:
    """The places that an index has for a query, best by its own score first; of equals, the older.

    `is_all`: it has no others. `having`: how many memories have each stem of the query. Some places
    may be gone from the streams.
    """

    places: list[Place]
    is_all: bool
    having: dict[str, int]


class Index(Protocol):
    """Something that finds the memories of one mind by their words."""

    name: ClassVar[str]

    async def propose(self, query: Query, where: Where, limit: int) -> Proposal:
        """The best `limit` memories that have any word of the query.

        Raises:
            IndexUnusable: it can't tell; nothing was changed.
        """

    async def forget(self, places: Collection[Place]) -> None:
        """These are no longer in the streams."""
