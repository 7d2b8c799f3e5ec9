"""Letting go of single memories: forgetting, superseding and erasing them, and taking them back."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thoughtstream import keys
from thoughtstream.errors import NotForgotten
from thoughtstream.memory.merged import merged_into
from thoughtstream.memory.models import Location
from thoughtstream.memory.reading import checked, unknown
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library

_LUA = Path(__file__).parent / "lua"
LIBRARY = Library(*(_LUA / f"{part}.lua" for part in ("letting_go", "erasing", "rewriting")))

_FAMILIES = (keys.LEDGER, keys.UNCONSCIOUS, *keys.MEMORIES.values(), keys.GUARD)
_COPIES = (keys.MERGED, keys.ASSEMBLED, keys.INTERVENING, keys.CONTEST, keys.DEADLINES,
           keys.WINDOWS)  # fmt: skip
_STREAMS = (*keys.MEMORIES.values(), keys.UNCONSCIOUS, keys.MERGED, keys.ASSEMBLED)
_STEP = 500
"""Entries of a stream that one step writes anew."""
_ALL = 1_000_000_000

_REFERENCES = ("recalled", "restored_from", "supersedes")


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did: only counts are left of it.

    `memories`: it, and what sleep distilled from it in the same words. `copies`: elsewhere, of
    thoughts that it was or came back as, and of what was merged into it. `derived`: the ids of
    memories that came of it and say something else; they stay, and no longer name it. `remains`:
    where the text may still be, and for how long.
    """

    memories: int
    copies: int
    derived: tuple[str, ...]
    remains: tuple[str, ...]


class LettingGo:
    """What becomes of single memories of one mind when its owner says so."""

    def __init__(self, redis: Client, mind: str, unconscious_maxlen: int) -> None:
        self._redis = redis
        self._mind = mind
        self._maxlen = unconscious_maxlen
        vectors = (keys.VECTORS.key(mind=mind, kind=kind) for kind in keys.MEMORIES)
        self._keys = [*(family.key(mind=mind) for family in _FAMILIES), *vectors]
        self._prefix = keys.ITEM.key(mind=mind, id="_")[:-1]

    async def forget(self, name: str, by: str | None) -> str:
        """Archive a memory; returns its entry in the unconscious.

        Raises:
            NotRemembered: there is none of this name.
        """
        entry = await self._do("forget_1", self._keys, checked(name), by or "", self._maxlen)
        if entry is None:
            raise unknown(name)
        return str(entry)

    async def supersede(
        self, name: str, window: str, kind: str | None, fields: Fields, by: str | None
    ) -> str:
        """Archive a memory and put one with these fields, which are checked, in its place; returns
        the id of that.

        Raises:
            NotRemembered: there is none of this name; nothing was written.
        """
        where = [*self._keys, keys.WINDOW.key(mind=self._mind, window=window)]
        flat = [part for pair in fields.items() for part in pair]
        own = (keys.encode_name(window), kind or "", *flat)
        id_ = await self._do("supersede_1", where, checked(name), by or "", self._maxlen, *own)
        if id_ is None:
            raise unknown(name)
        return str(id_)

    async def take_back(self, entry: str) -> str:
        """Make what was archived a memory again; returns its id.

        Raises:
            NotForgotten: this entry is no memory, or no longer there.
        """
        where = [*self._keys, keys.MERGED.key(mind=self._mind)]
        found = await self._do("take_back_2", where, entry)
        if found is None:
            raise NotForgotten(f"{entry}: is not (or no longer) among the forgotten")
        return str(found)

    async def erase(self, name: str, windows: tuple[str, ...], dry_run: bool = False) -> Erased:
        """Erase a memory and all copies of it; `dry_run`: only say what would go.

        Raises:
            NotRemembered: there is nothing of this name.
        """
        name = await self._id_of(checked(name))
        its_windows = {
            window: keys.WINDOW.key(mind=self._mind, window=window) for window in windows
        }
        copies_in = (family.key(mind=self._mind) for family in _COPIES)
        where = [*self._keys, *copies_in, *its_windows.values()]
        found = None
        while found is None:  # more was merged into it meanwhile
            merged = await merged_into(self._redis, self._mind, name)
            marks, places = await self._that_came_of({name, *merged})
            own = (name, len(merged), *merged, *marks, *places)
            found = await self._do("erase_2", where, "look" if dry_run else "erase", *own)
        memories, copies, derived = found
        if not dry_run:
            await self._rewrite(its_windows)
        if not memories and not copies:
            raise unknown(name)
        return Erased(memories, copies, tuple(derived), REMAINS)

    async def _id_of(self, name: str) -> str:
        """What others name a memory by that was asked for by its place."""
        kind, _, entry = name.partition("/")
        if kind not in keys.MEMORIES:
            return name
        found = await Streams(self._redis, self._mind).read([Location(kind, entry)])
        return next((fields.get("id", name) for fields in found.values()), name)

    async def _rewrite(self, windows: dict[str, str]) -> None:
        """No stream keeps a byte of what was deleted from it; in steps, each atomic."""
        streams = {family.name: family.key(mind=self._mind) for family in _STREAMS}
        streams |= {f"window:{name}": key for name, key in windows.items()}
        for name, stream in streams.items():
            new = keys.REWRITTEN.key(mind=self._mind, stream=name)
            where = [stream, new, keys.GUARD.key(mind=self._mind)]
            most, answer = _STEP, "more"
            while answer != "done":
                args = (most, keys.REWRITTEN.ttl_s)
                answer = await LIBRARY.call(self._redis, "letting_go_rewrite_1", where, args)
                if answer == "again":  # it changes faster than this goes: all in one step
                    most = _ALL

    async def _that_came_of(self, names: set[str]) -> tuple[list[str], list[str]]:
        """The last entry of each kind, and the places of memories that name one of these. Those
        that come later are for the Function to find.
        """
        streams, marks, places = Streams(self._redis, self._mind), [], []
        for kind in keys.MEMORIES:
            last = "0-0"
            async for location, fields in streams.every(kind):
                last = location.entry
                if _names(fields, names):
                    places.append(f"{kind}/{location.entry}")
            marks.append(last)
        return marks, places

    async def _do(self, move: str, where: list[str], *args: Any) -> Any:
        return await LIBRARY.call(self._redis, f"letting_go_{move}", where, (self._prefix, *args))


REMAINS = (
    "Redis's append-only file, until it is next rewritten (BGREWRITEAOF does that at once)",
    "backups and exports, for as long as they are kept",
    "FTS5 index files of other hosts or users, until recall is next asked there",
)


def _names(fields: Fields, ids: set[str]) -> bool:
    if any(fields.get(name) in ids for name in _REFERENCES):
        return True
    made_of = fields.get("distilled_from")
    return made_of is not None and not ids.isdisjoint(_ids(made_of))


def _ids(text: str) -> set[str]:
    try:
        found = json.loads(text)
    except ValueError:
        return set()
    return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()
