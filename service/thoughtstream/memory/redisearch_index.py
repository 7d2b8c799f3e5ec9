"""The index of the server: RediSearch over the items of a mind, where the server has it.

One RediSearch index per mind, so that one mind's words don't count in another's. It is made at the
first search. Its name is the pattern of what it indexes and the version of its schema: a changed
schema is another index, and the old one is dropped; and Redis, which treats an index's name as a
key, finds it on the mind's own node of a cluster, and allows it to whoever may use the items.
Source: RediSearch 2.10 (the first with BM25STD).
"""

import asyncio
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from redis.exceptions import NoPermissionError, ResponseError

from thoughtstream import keys
from thoughtstream.language.words import RULES, Query, Term, indexed, token
from thoughtstream.memory import traits
from thoughtstream.memory.index import IndexUnusable, Located, Proposal, Wanted
from thoughtstream.memory.models import Filters, Location
from thoughtstream.memory.streams import BATCH, LIBRARY, Head, Streams
from thoughtstream.store.client import Client

_SCHEMA = (
    "words", "TEXT", "NOSTEM",
    "kind", "TAG",
    "window", "TAG", "CASESENSITIVE", "SEPARATOR", "\x1f",
)  # fmt: skip
"""`words`: what an item's content is, as `indexed`, after a mark that says by which rules. Who
searches adds it where it is missing, and with it `as_ranked`, the sketch of its trait: what writes
memories is in the server, and knows no words."""

_MARK = f"_{RULES}_{traits.VERSION}"
_VERSION = hashlib.sha256(repr((_SCHEMA, RULES)).encode()).hexdigest()[:8]
_AT_ONCE = 2000
_LOOKS, _LOOK_AGAIN_S = 100, 0.02
_ENTRY = re.compile(r"\d+-\d+", re.ASCII)
_NOT_A_WORD = re.compile(r"([^\w])", re.ASCII)

Search = tuple[str, tuple[str, ...]]
"""A query in RediSearch's language, and options."""


class RediSearchIndex:
    """The RediSearch index of one mind."""

    name: ClassVar[str] = "RediSearch"

    def __init__(self, redis: Client, mind: str, streams: Streams) -> None:
        self._redis = redis
        self._streams = streams
        self._complete: dict[str, Head] | None = None
        self._located: Located[str] = Located()
        self._items = keys.ITEM.key(mind=mind, id="_")[:-1]
        self._index = f"{self._items}*@{_VERSION}"

    async def frequency(self, query: Query) -> dict[str, int]:
        """How many memories have each stem of the query.

        Raises:
            IndexUnusable: as in `propose`.
        """
        searches = [(_any_of([term]), ("LIMIT", "0", "0")) for term in query.terms]
        counts = await self._ask(searches)
        return {term.stem: int(count[0]) for term, count in zip(query.terms, counts, strict=True)}

    async def propose(self, wanted: Wanted) -> Proposal:
        """The memories that are wanted.

        Raises:
            IndexUnusable: the server has no RediSearch, or none that we may and can use, or it is
                still reading the memories.
        """
        words = f"{_any_of(wanted.query.terms)} {_condition(wanted.filters)}"
        [(_, *items)] = await self._ask([(words, ("NOCONTENT", "LIMIT", "0", str(wanted.limit)))])
        unknown = self._located.unknown(items, wanted.known)
        found = await self._streams.described(unknown)
        self._located |= {item: location for item, (location, _) in found.items()}
        locations = [self._located[item] for item in items if item in self._located]
        return Proposal(locations, {one: sketch for one, sketch in found.values() if sketch})

    async def _ask(self, searches: Sequence[Search]) -> list[Any]:
        """The answers, once it has read all memories."""
        try:
            for _ in range(_LOOKS):
                try:
                    answers = await self._find(searches)
                except ResponseError as error:
                    if not (_says(error, "unknown index") or _says(error, "no such index")):
                        raise
                    await self._make()
                    continue
                if answers is not None:
                    return answers
                await asyncio.sleep(_LOOK_AGAIN_S)
        except ResponseError as error:
            raise IndexUnusable(str(error)) from error
        raise IndexUnusable("RediSearch is still reading the memories")

    async def sketches(self, locations: Collection[Location]) -> Mapping[Location, str]:
        """Of those whose items have one."""
        return await self._streams.sketches(locations)

    async def _find(self, searches: Sequence[Search]) -> list[Any] | None:
        """None while it is still reading memories that are older than it (or than a restart)."""
        heads = self._streams.known or await self._streams.heads()
        if heads != self._complete:
            if not await self._completed():
                return None
            self._complete = heads
        return await self._search(searches)

    async def _completed(self) -> bool:
        """Describe the items that these rules have not described; False while it is reading."""
        new = (f"-@words:{_MARK}", ("LIMIT", "0", str(_AT_ONCE)))
        while True:
            answers = await self._search([new])
            if answers is None:
                return False
            [(_, *found)] = answers
            if not found:
                return True
            items = list(zip(found[::2], found[1::2], strict=True))
            for begin in range(0, len(items), BATCH):
                some = items[begin : begin + BATCH]
                described = await asyncio.to_thread(_described, [flat or [] for _, flat in some])
                names = [item for item, _ in some]
                await LIBRARY.call(self._redis, "recall_describe_1", names, described)

    async def _search(self, searches: Sequence[Search]) -> list[Any] | None:
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.execute_command("FT.INFO", self._index, near=self._items)
        for query, options in searches:
            pipe.execute_command(
                "FT.SEARCH", self._index, query, *options, "VERBATIM", "SCORER", "BM25STD",
                "TIMEOUT", "0", "DIALECT", "2", near=self._items,
            )  # fmt: skip
        info, *answers = await pipe.execute()
        is_reading = str(dict(zip(info[::2], info[1::2], strict=True))["indexing"]) != "0"
        return None if is_reading else answers

    # --- making it ---------------------------------------------------------------------------
    async def _make(self) -> None:
        """Make the index if it isn't there, and drop those of other versions."""
        await self._call(
            "FT.CREATE", self._index, "ON", "HASH", "PREFIX", "1", self._items, "NOOFFSETS",
            "STOPWORDS", "0", "SCHEMA", *_SCHEMA, unless="already exists",
        )  # fmt: skip
        with suppress(NoPermissionError):  # then they stay, for somebody who may drop them
            for name in await self._call("FT._LIST"):
                if name.startswith(f"{self._items}*@") and name != self._index:
                    await self._call("FT.DROPINDEX", name, unless="unknown index")

    async def _call(self, *command: str, unless: str | None = None) -> Any:
        run: Any = self._redis.execute_command
        try:
            # RediSearch knows the items of its own server only.
            return await run(*command, near=self._items)
        except ResponseError as error:
            if unless is None or not _says(error, unless):
                raise
            return None


async def drop(redis: Client, mind: str) -> None:
    """Drop the indexes of a mind that is gone, of any version, if there are any."""
    items = keys.ITEM.key(mind=mind, id="_")[:-1]
    run: Any = redis.execute_command
    with suppress(ResponseError):  # it has no RediSearch, or we may not
        for name in await run("FT._LIST", near=items):
            if name.startswith(f"{items}*@"):
                await run("FT.DROPINDEX", name, near=items)


def _described(items: Iterable[Sequence[str]]) -> list[str]:
    """Of each item, `words` and `as_ranked`; of one that is no memory, nothing that is found."""
    found = []
    for flat in items:
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        location = Location(fields.get("kind", ""), fields.get("entry", ""))
        if location.kind in keys.MEMORIES and _ENTRY.fullmatch(location.entry):
            words = indexed(fields.get("content", ""))
            found += [f"{_MARK} {words}", traits.trait_of(location, fields).sketch]
        else:
            found += [_MARK, ""]
    return found


def _any_of(terms: Iterable[Term]) -> str:
    return f"@words:({'|'.join(token(form) for term in terms for form in term.forms)})"


def _says(error: ResponseError, text: str) -> bool:
    return text in str(error).lower()


def _condition(filters: Filters) -> str:
    parts = []
    if filters.kind is not None:
        parts.append(f"@kind:{{{filters.kind}}}")
    window = filters.window_field
    if window is not None and window == window.strip():  # RediSearch strips them, too
        parts.append(f"@window:{{{_NOT_A_WORD.sub(_escaped, window)}}}")
    return " ".join(parts)


def _escaped(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if found[1].isascii() else found[1]
