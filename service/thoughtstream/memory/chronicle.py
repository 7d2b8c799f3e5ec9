"""What recall keeps of a mind's memories between questions: their order in time, and their traits.

The streams are the truth. Each question looks first whether they have changed: what was added is
read, and after any other change all is read anew.
"""

import asyncio
from bisect import bisect_left, insort
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import islice
from operator import itemgetter

from thoughtstream import keys
from thoughtstream.memory.features import Pool, Stretch
from thoughtstream.memory.models import Location
from thoughtstream.memory.streams import BATCH, Head, Streams
from thoughtstream.memory.timeline import Timeline
from thoughtstream.memory.traits import Trait, sketched, trait_of

_MOST_TRAITS = 40_000
"""Each has about 1 KB; then the older half is forgotten, and read again when it is needed."""

_WITH_NEIGHBOURS = 60

Sketches = Callable[[Collection[Location]], Awaitable[Mapping[Location, str]]]
"""Gives what an index keeps of some memories."""


class Chronicle:
    """The memories of one mind, as far as recall has met them."""

    def __init__(self, streams: Streams, timeline: Timeline) -> None:
        self._streams = streams
        self._timeline = timeline
        self._lock = asyncio.Lock()
        self._heads: dict[str, Head] = {}
        self._places: dict[str, list[str]] = {kind: [] for kind in keys.MEMORIES}
        # Where those places stand in their list that a question has asked for.
        self._positions: dict[str, dict[str, int]] = {kind: {} for kind in keys.MEMORIES}
        self._traits: dict[Location, Trait] = {}
        self._whole: Pool | None = None
        self.history = 0
        """Another number after any change but that memories were added."""

    async def refresh(self) -> int:
        """Take note of what has changed; returns how many memories there are."""
        async with self._lock:
            if len(self._traits) > _MOST_TRAITS:
                for location in list(islice(self._traits, _MOST_TRAITS // 2)):
                    del self._traits[location]
                for positions in self._positions.values():
                    positions.clear()
            for kind, head in (await self._streams.heads()).items():
                if head != self._heads.get(kind):
                    await self._catch_up(kind, self._heads.get(kind), head)
            return sum(map(len, self._places.values()))

    def __contains__(self, location: object) -> bool:
        return location in self._traits

    def learn(self, sketches: Mapping[Location, str]) -> None:
        """Take in traits, as an index keeps them."""
        self._traits.update((trait.location, trait) for trait in sketched(sketches))

    async def traits(
        self, locations: Collection[Location], sketches: Sketches | None = None
    ) -> dict[Location, Trait]:
        """Of those that are still there. `sketches`: asked for those that are not known, before
        they are read.
        """
        missing = [location for location in locations if location not in self._traits]
        if sketches is not None and missing:
            self.learn(await sketches(missing))
            missing = [location for location in missing if location not in self._traits]
        for location, fields in (await self._streams.read(missing)).items():
            self._traits[location] = trait_of(location, fields)
        return {one: self._traits[one] for one in locations if one in self._traits}

    async def whole(self) -> Pool:
        """All memories."""
        if self._whole is not None:
            return self._whole
        locations = {
            kind: [_location(kind, place) for place in places]
            for kind, places in self._places.items()
        }
        await self.traits([one for some in locations.values() for one in some])
        there = [[one for one in some if one in self._traits] for some in locations.values()]
        self._whole = Pool(
            [Stretch([self._traits[one] for one in some], range(len(some))) for some in there]
        )
        return self._whole

    def neighbours(
        self, kind: str, place: str, reach: int
    ) -> tuple[list[Location], list[Location]]:
        """Those just before and just after a place."""
        places = self._places[kind]
        at = bisect_left(places, place)
        before, after = places[max(0, at - reach) : at], places[at + 1 : at + 1 + reach]
        return [_location(kind, one) for one in before], [_location(kind, one) for one in after]

    async def around(self, found: Iterable[Trait], sketches: Sketches) -> Pool:
        """These memories, and those beside the first of them. `sketches`: as in `traits`."""
        chosen: dict[str, dict[int, Trait]] = {}
        beside: dict[Location, int] = {}
        for number, trait in enumerate(found):
            kind = trait.location.kind
            places, at = self._places[kind], self._positions[kind].get(trait.place)
            if at is None:
                at = self._positions[kind][trait.place] = bisect_left(places, trait.place)
            chosen.setdefault(kind, {})[at] = trait
            if number < _WITH_NEIGHBOURS:
                near = (one for one in (at - 1, at + 1) if 0 <= one < len(places))
                beside |= {_location(kind, places[one]): one for one in near}
        for location, trait in (await self.traits(beside, sketches)).items():
            chosen[location.kind].setdefault(beside[location], trait)
        ordered = [sorted(some.items(), key=itemgetter(0)) for some in chosen.values()]
        return Pool([Stretch([one for _, one in some], [at for at, _ in some]) for some in ordered])

    # --- the streams are the truth -----------------------------------------------------------
    async def _catch_up(self, kind: str, known: Head | None, head: Head) -> None:
        self._whole = None
        if known is not None and known.can_grow_to(head):
            batch = await self._streams.since(kind, known.last)
            added = [one for one in batch if one[0].entry != known.last]
            if len(batch) == len(added) + 1 and len(batch) < BATCH:
                for location, fields in added:
                    self._traits[location] = trait = trait_of(location, fields)
                    self._insert(kind, trait.place)
                self._heads[kind] = known.grown([location.entry for location, _ in added])
                return
        self._traits = {one: trait for one, trait in self._traits.items() if one.kind != kind}
        self._places[kind] = await self._timeline.members(kind, head)
        self._positions[kind].clear()
        self._heads[kind] = head
        self.history += 1

    def _insert(self, kind: str, place: str) -> None:
        places = self._places[kind]
        if places and place < places[-1]:
            insort(places, place)
            self._positions[kind].clear()  # others have moved
        else:
            places.append(place)


def _location(kind: str, place: str) -> Location:
    return Location(kind, place.rpartition(" ")[2])
