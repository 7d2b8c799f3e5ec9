"""A page of minds, once a second: the tiles that changed."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.models import Attended
from thoughtstream.faces import overview
from thoughtstream.faces.web.names import segment
from thoughtstream.faces.web.order import Place, Sort, place_of
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.events import event
from thoughtstream.faces.web.watching.source import Source
from thoughtstream.faces.web.watching.troubles import Found
from thoughtstream.faces.web.watching.vitals import Vitals
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_OF_LAST = 200
_RATE_LOOKS = 5
_NAMES_S = 5.0


@dataclass(frozen=True)
class Page:
    """Minds with `q` in their name that one of the globs lets see, behind the place `after`."""

    q: str = ""
    after: Place | None = None
    limit: int = 50
    globs: tuple[str, ...] = ("*",)
    sort: Sort = "name"
    MOST: ClassVar = 200

    def may_have(self, mind: str) -> bool:
        """Whether a mind is of those that are asked for, on whatever page."""
        is_seen = any(fnmatchcase(mind, glob) for glob in self.globs)
        return is_seen and self.q.lower() in mind.lower()

    def of(self, places: Iterable[Place]) -> list[str]:
        """The minds of this page, in their order."""
        behind = sorted(place for place in places if not self.after or place > self.after)
        return [place.name for place in behind[: self.limit]]


class MindsChannel(Channel):
    """See above."""

    every_s = 1.0

    def __init__(self, source: Source, page: Page) -> None:
        super().__init__(source)
        self._page = page
        self._names: list[str] = []
        self._named_at = float("-inf")
        self._tiles: dict[str, dict[str, Any]] = {}
        self._attended: dict[str, deque[tuple[float, int]]] = {}

    async def look(self) -> Found:
        """Tell of the tiles that changed; who has just come is told of all."""
        redis = await self._source.redis()
        with typed_errors():
            await self._look_for_names(redis)
            tiles = [tile async for tile in self._tiles_now(redis)]
        before, self._tiles = self._tiles, {tile["name"]: tile for tile in tiles}
        if changed := [tile for tile in tiles if tile != before.get(tile["name"])]:
            self.tell(event("minds", {"items": changed}))
        for reader in self._joining:
            reader.begin([event("minds", {"items": tiles})])
        self._joining.clear()
        return {}

    async def _look_for_names(self, redis: Client) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._named_at < _NAMES_S:
            return
        sort, places = self._page.sort, list[Place]()
        troubled = await overview.troubled(redis) if sort == "trouble" else {}
        async for some in Census(redis).pages():
            minds = list(filter(self._page.may_have, some))
            in_play = await overview.in_play(redis, minds) if sort == "busy" else {}
            places += [
                place_of(mind, sort, troubled=troubled, in_play=in_play.get(mind, 0))
                for mind in minds
            ]
        self._names = self._page.of(places)
        self._attended = {name: self._attended.get(name, deque(maxlen=_RATE_LOOKS + 1))
                          for name in self._names}  # fmt: skip
        self._named_at = now

    async def _tiles_now(self, redis: Client) -> AsyncIterator[dict[str, Any]]:
        pipe: Any = redis.pipeline(transaction=False)
        for mind in self._names:
            pipe.hget(keys.LEDGER.key(mind=mind), "attended")
            pipe.zcard(keys.CONTEST.key(mind=mind))
            pipe.hlen(keys.INTERVENING.key(mind=mind))
            pipe.xrevrange(keys.ASSEMBLED.key(mind=mind), count=1)
            for family in keys.MEMORIES.values():
                pipe.xlen(family.key(mind=mind))
        answers = await pipe.execute(raise_on_error=False) if self._names else []
        size = 4 + len(keys.MEMORIES)
        for mind, at in zip(self._names, range(0, len(answers), size), strict=True):
            attended, competing, intervening, last, *memories = map(_fine, answers[at : at + size])
            vitals = await self._source.pulse.of(redis, keys.LEDGER.key(mind=mind))
            yield {
                "name": mind,
                "url": f"/v1/minds/{segment(mind)}",
                "competing": competing,
                "intervening": intervening,
                "memories": dict(zip(keys.MEMORIES, memories, strict=True)),
                "attended_per_s": self._rate(mind, int(attended or 0)),
                "last": _last(last),
                "trouble": _trouble(vitals, mind),
            }

    def _rate(self, mind: str, attended: int) -> float:
        """Of the last seconds."""
        looks = self._attended[mind]
        looks.append((asyncio.get_running_loop().time(), attended))
        (since, before), (now, _) = looks[0], looks[-1]
        return round(max(attended - before, 0) / (now - since), 2) if now > since else 0.0


def _fine(answer: Any) -> Any:
    """None: the key is not what it should be."""
    if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
        raise answer
    return None if isinstance(answer, Exception) else answer


def _last(entries: Any) -> dict[str, Any] | None:
    """The sentence that was attended last."""
    if not entries:
        return None
    try:
        attended = Attended.entry(entries[0][1])
    except (KeyError, ValueError):
        return None
    return {
        "content": attended.content[:_OF_LAST],
        "window": attended.window,
        "attended_at": attended.attended_at,
    }


def _trouble(vitals: Vitals, mind: str) -> dict[str, str] | None:
    """Its own, if it has one, else one that all have."""
    found = vitals.of_mind(mind)
    if not found:
        return None
    what = "fault" if "fault" in found else next(iter(found))
    detail, cure = found[what]
    return {"what": what, "detail": detail, "cure": cure}
