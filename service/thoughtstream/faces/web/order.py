"""In which order minds are told, and what follows a page of them, though they move meanwhile.

A page ends at a place, not after a number: what stays where it is comes once, whatever comes and
goes around it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, get_args

Sort = Literal["trouble", "busy", "name"]
"""Those in trouble first; those first of which most thoughts compete or can be changed; by name."""

_DIGITS = 20

SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True, order=True)
class Place:
    """A place in an order: the lower rank is told first, then the lower name."""

    rank: int
    name: str

    def said(self, sort: Sort) -> str:
        """As `after` has it."""
        return self.name if sort == "name" else f"{self.rank}:{self.name}"

    @classmethod
    def of(cls, said: str, sort: Sort) -> "Place":
        """The place that `after` says.

        Raises:
            ValueError: it is none.
        """
        if sort == "name":
            return cls(0, said)
        rank, colon, name = said.partition(":")
        if not colon or not rank.removeprefix("-").isdecimal() or len(rank) > _DIGITS:
            raise ValueError(f"after: is no place by {sort}; take the `next` of a page")
        return cls(int(rank), name)


def place_of(mind: str, sort: Sort, *, troubled: Collection[str] = (), in_play: int = 0) -> Place:
    """Where a mind is told. `in_play`: how many of its thoughts compete or can be changed."""
    if sort == "trouble":
        return Place(int(mind not in troubled), mind)
    return Place(-in_play if sort == "busy" else 0, mind)
