"""Memories of any age, and the picture of a mind's memory that the tests compare."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys

LONG_AGO = 1_500_000_000_000
ONLY_ITEMS_HAVE = ("words", "as_ranked", "strength", "replayed_at", "merged_from")


@dataclass(frozen=True)
class Past:
    """A memory that was anchored long ago."""

    content: str
    kind: str = "episodic"
    valence: float = 0.0
    relevance: float = 0.0
    importance: float = 0.0
    window: str = "sensory"


DISK = [Past(f"The disk is {n}% full") for n in (91, 92, 93)]
KETTLE = [Past("the kettle is on", valence=0.5), Past("The kettle is on!", relevance=1)]


async def remember(redis: Any, mind: str, memories: Sequence[Past]) -> list[str]:
    """Memories as the engine writes them, each an hour after the one before; returns their ids."""
    ids = []
    for number, memory in enumerate(memories):
        at = LONG_AGO + number * 3_600_000
        ids.append(f"{at}-0@{memory.window}")
        fields = {
            "content": memory.content, "salience": "0.5", "valence": str(memory.valence),
            "connection_relevance": str(memory.relevance), "importance": str(memory.importance),
            "id": ids[-1], "window": memory.window, "score": "0.5", "attended_at": str(at),
            "encode_at": str(at), "anchored_at": str(at),
        }  # fmt: skip
        entry = await redis.xadd(keys.MEMORIES[memory.kind].key(mind=mind), fields, id=f"{at}-0")
        item = keys.ITEM.key(mind=mind, id=ids[-1])
        await redis.hset(item, mapping={**fields, "kind": memory.kind, "entry": entry})
    return ids


async def picture(redis: Any, mind: str) -> dict[str, Any]:
    """What is remembered, without the times at which it slept. Items must mirror their entries."""
    found: dict[str, Any] = {}
    count = 0
    for kind, family in keys.MEMORIES.items():
        found[kind] = []
        for entry, fields in await redis.xrange(family.key(mind=mind)):
            count += 1
            item = await redis.hgetall(keys.ITEM.key(mind=mind, id=fields["id"]))
            own = {name: item.pop(name, None) for name in ONLY_ITEMS_HAVE}
            assert item == fields | {"kind": kind, "entry": entry}
            found[kind].append(
                {
                    "id": fields["id"],
                    "content": fields["content"],
                    "from": sorted(json.loads(fields.get("distilled_from", "[]"))),
                    "merged": json.loads(own["merged_from"] or "[]"),
                    "strength": round(float(own["strength"] or 1), 6),
                    "rests": own["replayed_at"] not in (None, "0"),
                }
            )
    items = [key async for key in redis.scan_iter(keys.ITEM.glob_of(mind=mind))]
    assert len(items) == count
    merged = await redis.xrange(keys.MERGED.key(mind=mind))
    found["merged"] = sorted((f["id"], f["content"], f["merged_into"]) for _, f in merged)
    ledger = await redis.hgetall(keys.LEDGER.key(mind=mind))
    found["ledger"] = {
        name: int(ledger.get(name, 0)) for name in ("replayed", "merged", "distilled")
    }
    return found
