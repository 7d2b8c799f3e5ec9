"""The memories of a mind as sleep reads them: the streams, and what only the items have."""

import json
import math
import re
from typing import Any

from thoughtstream import keys
from thoughtstream.memory.consolidation_plan import Trace
from thoughtstream.memory.models import Location, order
from thoughtstream.memory.streams import Fields, Streams
from thoughtstream.store.client import Client

_OF_ITEMS = ("entry", "strength", "replayed_at", "merged_from")
_ID = re.compile(r"[0-9]{1,20}-[0-9]{1,20}@.+", re.DOTALL)
_NO = frozenset({"", "0", "false", "no"})


async def read_traces(redis: Client, mind: str) -> list[Trace]:
    """All memories of a mind, without entries that have no item: no thought wrote them."""
    streams = Streams(redis, mind)
    found: list[Trace] = []
    for kind in keys.MEMORY_KINDS:
        last: str | None = None
        while True:
            batch = [one for one in await streams.since(kind, last) if one[0].entry != last]
            if not batch:
                break
            found += await _traces(redis, mind, batch)
            last = batch[-1][0].entry
    return found


async def _traces(redis: Client, mind: str, batch: list[tuple[Location, Fields]]) -> list[Trace]:
    known = [
        (location, fields) for location, fields in batch if _ID.fullmatch(fields.get("id", ""))
    ]
    pipe = redis.pipeline(transaction=False)
    for _, fields in known:
        pipe.hmget(keys.ITEM.key(mind=mind, id=fields["id"]), _OF_ITEMS)
    items: Any = await pipe.execute() if known else []
    return [
        _trace(location, fields, *item)
        for (location, fields), (entry, *item) in zip(known, items, strict=True)
        if entry == location.entry
    ]


def _trace(
    location: Location,
    fields: Fields,
    strength: str | None,
    replayed_at: str | None,
    merged_from: str | None,
) -> Trace:
    tagged = float(fields.get("tagged", "").strip().lower() not in _NO)
    return Trace(
        id=fields["id"],
        kind=location.kind,
        order=order(location.entry),
        content=fields.get("content", ""),
        anchored_at=int(_number(fields.get("anchored_at"))) or location.order[0],
        emotion=max(abs(_number(fields.get("valence"))), _number(fields.get("arousal"))),
        connection=_number(fields.get("connection_relevance")),
        tagged=max(tagged, _number(fields.get("importance"))),
        strength=_number(strength) or 1.0,
        replayed_at=int(_number(replayed_at)),
        unmerged="unmerged_at" in fields,
        merged_from=_ids(merged_from),
        distilled_from=_ids(fields.get("distilled_from")),
    )


def _number(text: str | None) -> float:
    """A number; 0 for anything else, which only a stranger can have written."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if math.isfinite(number) else 0.0


def _ids(text: str | None) -> tuple[str, ...]:
    try:
        return tuple(map(str, json.loads(text or "[]")))
    except (ValueError, TypeError):
        return ()
