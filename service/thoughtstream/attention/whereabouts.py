"""Where one thought is at this moment, for whoever has only its id."""

from typing import Any, Literal

from thoughtstream import keys
from thoughtstream.errors import InvalidThought
from thoughtstream.store.client import Client
from thoughtstream.store.entries import checked_entry

Place = Literal["waiting", "competing", "intervening", "remembered", "forgotten", "attended"]
"""In its window, not yet adopted; competing; attended, and can be changed; a memory; forgotten, or
let go; was attended, and is no memory (any more): vetoed, or erased.
"""

_MOST = 1000
"""Entries that are looked through: a thought is forgotten, or attended, soon after it came."""


async def find_thought(redis: Client, mind: str, id: str) -> Place | None:
    """The place of a thought; None: it is not known (any more). One round trip.

    Raises:
        InvalidThought: no thought can have this id.
    """
    entry, at, name = id.partition("@")
    if not at:
        raise InvalidThought(f"id: {id!r} is not <ms>-<seq>@<window>")
    ms, _, seq = checked_entry(entry).partition("-")
    try:
        window = keys.WINDOW.key(mind=mind, window=keys.decode_name(name))
        item = keys.ITEM.key(mind=mind, id=id)
    except ValueError as error:
        raise InvalidThought(str(error)) from None
    member = f"{ms:0>20}-{seq:0>20}@{name}"
    pipe: Any = redis.pipeline(transaction=False)
    pipe.zscore(keys.CONTEST.key(mind=mind), member)
    pipe.hexists(keys.INTERVENING.key(mind=mind), member)
    pipe.hexists(item, "entry")
    pipe.xrange(window, entry, entry)
    pipe.xrange(keys.UNCONSCIOUS.key(mind=mind), ms, "+", count=_MOST)
    pipe.xrange(keys.ASSEMBLED.key(mind=mind), ms, "+", count=_MOST)
    competes, intervening, remembered, written, forgotten, attended = await pipe.execute()
    if competes is not None:
        return "competing"
    if intervening:
        return "intervening"
    if remembered:
        return "remembered"
    if written:
        return "waiting"
    if _has(forgotten, id):
        return "forgotten"
    return "attended" if _has(attended, id) else None


def _has(entries: list[tuple[str, dict[str, str]]], id: str) -> bool:
    return any(fields.get("id") == id for _, fields in entries)
