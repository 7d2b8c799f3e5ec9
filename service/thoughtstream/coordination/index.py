"""An index: names, by when to look at them next.

It is a projection: the truth is with each name, in a cluster on its own server. An index that was
lost, or lacks a name, costs a late look; a name in it that is nobody's is dropped when looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from thoughtstream.coordination.library import LIBRARY
from thoughtstream.store.client import Client

When = int | Literal["never", "gone"]
"""In so many ms; not by itself; not at all: the name is no longer there."""

_HOLD_MS = 5000
"""For so long nobody else is told of what is due: then whoever was told has died."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due, at which time (ms), and how many names there are at all."""

    now: int
    total: int
    names: list[str]


class Index:
    """The index in the zset `key`; `farthest_ms`: no look is further ahead."""

    def __init__(self, redis: Client, key: str, farthest_ms: int) -> None:
        self._redis = redis
        self._key = key
        self._farthest_ms = farthest_ms

    async def due(self, most: int = 100, *, surely: tuple[str, int] | None = None) -> Due:
        """The names that are due. `surely`: a name that is there, and in how
        many ms to look at it: put back, if it is missing.
        """
        args = (most, _HOLD_MS, max(self._farthest_ms, _HOLD_MS), *(surely or ()))
        now, total, *names = await LIBRARY.call(self._redis, "index_due_1", [self._key], args)
        return Due(int(now), int(total), names)

    async def note(self, *whens: tuple[str, When], after: Due | None = None) -> None:
        """When to look at these names. `after`: what was due then and is gone, unless somebody has
        noted it since.
        """
        if whens:
            gone = f"gone {after.now + _HOLD_MS}" if after else "gone"
            flat = [
                part for name, when in whens for part in (name, gone if when == "gone" else when)
            ]
            await LIBRARY.call(self._redis, "index_note_2", [self._key], flat)

    async def names(self) -> Sequence[str]:
        """All of them; an empty one is nobody's name."""
        found: Any = await self._redis.zrange(self._key, 0, -1)
        return [str(name) for name in found if name]
