"""Memories that became part of one that says the same: what they were, and how they come back."""

from typing import Any, NamedTuple

from thoughtstream import keys
from thoughtstream.errors import NotMerged
from thoughtstream.memory.consolidation import LIBRARY
from thoughtstream.store.client import Client
from thoughtstream.store.entries import checked_entry, end_of_page

_PAGE = 500


class Merged(NamedTuple):
    """A memory as it was when it became part of another, `into`. Times in milliseconds of the
    server's clock; `fields` are its others.
    """

    entry: str
    id: str
    into: str
    kind: str
    window: str
    content: str
    merged_at: int
    fields: dict[str, str]

    @classmethod
    def of(cls, entry: str, fields: dict[str, str]) -> "Merged":
        """From an entry of the `merged` stream."""
        rest = fields.copy()
        id_ = rest.pop("id", "")
        return cls(
            entry=entry,
            id=id_,
            into=rest.pop("merged_into", ""),
            kind=rest.pop("kind", ""),
            window=keys.decode_name(id_.partition("@")[2]),
            content=rest.pop("content", ""),
            merged_at=int(rest.pop("merged_at", 0)),
            fields=rest,
        )


async def read_merged(redis: Client, mind: str, limit: int, before: str) -> list[Merged]:
    """What was merged, the newest first; `before`: an entry, or `+`.

    Raises:
        InvalidThought: `before` is neither.
    """
    stream = keys.MERGED.key(mind=mind)
    entries: Any = await redis.xrevrange(stream, end_of_page(before), "-", count=limit)
    return [Merged.of(entry, fields) for entry, fields in entries]


async def merged_into(redis: Client, mind: str, id: str) -> list[str]:
    """The ids of what is part of this memory, and of what was part of that, the oldest first."""
    stream, last, found = keys.MERGED.key(mind=mind), "-", dict[str, str]()
    ask: Any = redis
    while page := await ask.xrange(stream, last, count=_PAGE):
        found |= {fields.get("id", ""): fields.get("merged_into", "") for _, fields in page}
        last = f"({page[-1][0]}"
    ids = {id}
    while more := {one for one, into in found.items() if into in ids} - ids:
        ids |= more
    return [one for one in found if one in ids and one != id]


async def unmerge(redis: Client, mind: str, entry: str) -> str:
    """Have a memory that was merged be one of its own again; returns its id, which it keeps.

    Raises:
        NotMerged: this entry is not, or no longer, among the merged.
        InvalidThought: it is no entry.
    """
    entry = checked_entry(entry)
    families = (keys.MERGED, keys.LEDGER, *keys.MEMORIES.values(), keys.GUARD)
    where = [family.key(mind=mind) for family in families]
    item_prefix = keys.ITEM.key(mind=mind, id="_")[:-1]
    found = await LIBRARY.call(redis, "consolidation_unmerge_3", where, (item_prefix, entry))
    if found is None:
        raise NotMerged(f"{entry}: is not (or no longer) among the merged")
    return str(found)
