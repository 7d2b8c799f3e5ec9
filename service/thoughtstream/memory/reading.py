"""Reading memories one by one and by pages, past recall: what is there, and where it is from."""

import json
import re
from typing import Any

from pydantic import BaseModel, ConfigDict

from thoughtstream import keys
from thoughtstream.errors import InvalidThought, NotRemembered
from thoughtstream.keys import Kind
from thoughtstream.memory.models import Location, Memory
from thoughtstream.memory.streams import Fields
from thoughtstream.store.client import Client
from thoughtstream.store.entries import LARGEST, end_of_page

MOST = 1000
"""Memories of one page."""

_PLACE = re.compile(r"(?:([a-z]+)/)?([0-9]{1,20})-([0-9]{1,20})")
_ORIGINAL = "original_"


class Provenance(BaseModel):
    """Where a memory is from. Ids are those of other memories or thoughts.

    `original`: what it was before it was reframed or boosted, by field; `by`: who asked for what
    (`reframed`, `boosted`, `superseded`, …). `recalled`: the memory that it was when it came back
    as a thought. `merged_from`, `distilled_from`: what sleep made it of. `supersedes`: the memory
    in whose place it is. Times in milliseconds of the server's clock; `strength`: 1, and more with
    each sleep.
    """

    model_config = ConfigDict(frozen=True)

    original: dict[str, str]
    by: dict[str, str]
    recalled: str | None
    restored_from: str | None
    supersedes: str | None
    merged_from: tuple[str, ...]
    distilled_from: tuple[str, ...]
    strength: float
    replayed_at: int | None


class Whole(Memory):
    """A memory with its provenance."""

    provenance: Provenance


async def read_page(
    redis: Client,
    mind: str,
    *,
    limit: int,
    kind: Kind | None,
    before: str | None,
    after: str | None,
) -> list[Memory]:
    """Memories, the newest first.

    Raises:
        InvalidThought: an argument is wrong.
    """
    if before is not None and after is not None:
        raise InvalidThought("before: give this or `after`, not both")
    if not 1 <= limit <= MOST:
        raise InvalidThought(f"limit: is {limit}; give 1 to {MOST}")
    if kind is not None and kind not in keys.MEMORIES:
        raise InvalidThought(f"kind: is {kind!r}; give one of {', '.join(keys.MEMORIES)}")
    kinds = keys.MEMORY_KINDS if kind is None else (kind,)
    cursor = before or after
    edge = None if cursor is None else _edge(cursor)
    pipe = redis.pipeline(transaction=False)
    for one in kinds:
        stream, bound = keys.MEMORIES[one].key(mind=mind), _bound(edge, one, after is None)
        if after is None:
            pipe.xrevrange(stream, bound or "+", "-", count=limit)
        else:
            pipe.xrange(stream, bound or "-", "+", count=limit)
    answers: Any = await pipe.execute()
    found = [
        (Location(one, entry), fields or {})
        for one, page in zip(kinds, answers, strict=True)
        for entry, fields in page
    ]
    found.sort(key=lambda memory: memory[0].order, reverse=after is None)
    page = found[:limit] if after is None else found[:limit][::-1]
    return [Memory.of(location, fields) for location, fields in page]


async def read_one(redis: Client, mind: str, name: str) -> Whole:
    """A memory by its id, or by its place.

    Raises:
        NotRemembered: there is none.
    """
    item: Any = await redis.hgetall(keys.ITEM.key(mind=mind, id=checked(name)))
    kind, entry = item.get("kind"), item.get("entry")
    if entry is None and _PLACE.fullmatch(name):
        kind, _, entry = name.rpartition("/")
    if kind not in keys.MEMORIES or entry is None:
        raise unknown(name)
    found: Any = await redis.xrange(keys.MEMORIES[kind].key(mind=mind), entry, entry)
    if not found:
        raise unknown(name)
    fields: Fields = found[0][1]
    if not item and "id" in fields:
        item = await redis.hgetall(keys.ITEM.key(mind=mind, id=fields["id"]))
        item = item if item.get("entry") == entry else {}
    return Whole.of(Location(kind, entry), fields, provenance=_provenance(fields, item))


def checked(name: str) -> str:
    """A memory's id or place, as it may be asked for.

    Raises:
        NotRemembered: no memory can have it.
    """
    match = _PLACE.fullmatch(name)
    if not name or len(name) > 2 * keys.MAX_NAME_CHARACTERS * 3:
        raise unknown(name[:40])
    if match and (match[1] not in keys.MEMORIES or max(map(int, match.group(2, 3))) > LARGEST):
        raise unknown(name)
    return name


def unknown(name: str) -> NotRemembered:
    """What is raised of a memory that is not there."""
    return NotRemembered(f"{name}: is not (or no longer) a memory of this mind")


def _edge(cursor: str) -> tuple[str | None, str]:
    """(kind, entry) of a place in the pages."""
    match = _PLACE.fullmatch(cursor)
    if not match or max(map(int, match.group(2, 3))) > LARGEST:
        raise InvalidThought(f"entry: {cursor!r} is neither <ms>-<seq> nor <kind>/<ms>-<seq>")
    if match[1] not in (None, *keys.MEMORIES):
        raise InvalidThought(f"entry: {match[1]!r} is no kind of memory")
    return match[1], f"{match[2]}-{match[3]}"


def _bound(edge: tuple[str | None, str] | None, kind: str, is_before: bool) -> str | None:
    """Where a stream begins to be read. Of equal entries in several streams, the kinds are in the
    order of the alphabet: a place is between them.
    """
    if edge is None:
        return None
    of, entry = edge
    is_inside = of is not None and (kind < of if is_before else kind > of)
    if is_inside:
        return entry
    return end_of_page(entry) if is_before else f"({entry}"


def _provenance(fields: Fields, item: Fields) -> Provenance:
    who = {name.removesuffix("_by"): who for name, who in fields.items() if name in BY}
    return Provenance(
        original={
            name.removeprefix(_ORIGINAL): value
            for name, value in fields.items()
            if name.startswith(_ORIGINAL)
        },
        by=who,
        recalled=fields.get("recalled"),
        restored_from=fields.get("restored_from"),
        supersedes=fields.get("supersedes"),
        merged_from=_ids(item.get("merged_from")),
        distilled_from=_ids(fields.get("distilled_from")),
        strength=_number(item.get("strength"), 1.0),
        replayed_at=int(_number(item.get("replayed_at"), 0)) or None,
    )


BY = ("reframed_by", "boosted_by", "vetoed_by", "restored_by", "asked_by")
"""The fields that say who asked for a change."""


def _ids(text: str | None) -> tuple[str, ...]:
    try:
        return tuple(map(str, json.loads(text or "[]")))
    except (ValueError, TypeError):
        return ()


def _number(text: str | None, otherwise: float) -> float:
    try:
        number = float(text or otherwise)
    except ValueError:
        return otherwise
    return number if abs(number) < LARGEST else otherwise
