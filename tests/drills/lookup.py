"""Whether the cluster still has what was promised to clients: every value is looked up."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.cluster import RedisCluster

from tests.drills.clients import Client
from tests.drills.endpoint import Endpoint
from tests.drills.witness import written
from tests.drills.writers import digest
from thoughtstream import Mind, keys
from thoughtstream.attention.models import Audit

_BATCH = 500
_KEPT = (keys.ASSEMBLED, keys.UNCONSCIOUS, keys.REJECTED, *keys.MEMORIES.values())


@dataclass
class Found:
    """What is left of what was promised."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    attended: int = 0
    attended_twice: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __add__(self, other: "Found") -> "Found":
        return Found(
            self.lost + other.lost,
            self.wrong + other.wrong,
            self.attended + other.attended,
            self.attended_twice + other.attended_twice,
            self.faults + other.faults,
        )


def keys_of(clients: Sequence[Client], endpoint: Endpoint) -> Found:
    """Every acknowledged key, by value."""
    found = Found()
    redis = endpoint.connect()
    names = [key for client in clients for key in client.book.acknowledged]
    for start in range(0, len(names), _BATCH):
        batch = names[start : start + _BATCH]
        for name, value in zip(batch, _values(redis, batch), strict=True):
            if value is None:
                found.lost.append(name)
            elif value != digest(name):
                found.wrong.append(name)
    redis.close()
    return found


def _values(redis: RedisCluster, names: list[str]) -> list[str | None]:
    values: Any = redis.mget_nonatomic(names)
    return list(values)


def minds_of(clients: Sequence[Client], endpoint: Endpoint, home: Path) -> Found:
    """Every acknowledged thought and anchor, and the account of every mind."""
    promised: dict[str, set[str]] = {m: set() for c in clients for m in c.minds}
    anchored: dict[str, set[str]] = {mind: set() for mind in promised}
    for client in clients:
        into = anchored if client.kind == "anchors" else promised
        for value, note in client.book.acknowledged.items():
            into[note.where].add(value)
    redis = endpoint.connect()
    found = Found()
    for mind in promised:
        audit = asyncio.run(_audit(mind, endpoint, home))
        found += _of_mind(redis, mind, audit, promised[mind], anchored[mind])
    redis.close()
    return found


async def _audit(name: str, endpoint: Endpoint, home: Path) -> Audit:
    async with Mind.connect(name, settings=endpoint.settings(home)) as mind:
        return await mind.audit()


def _of_mind(
    redis: RedisCluster, mind: str, audit: Audit, thoughts: set[str], anchored: set[str]
) -> Found:
    """A thought is in its window or where it ended. What expired or was displaced has only been
    counted; it was not lost.
    """
    windows = [keys.WINDOW.key(mind=mind, window=window) for window in keys.STANDARD_WINDOWS]
    seen = {value for key in windows for value in _stream(redis, key)}  # first: they only leave
    kept = {family: _stream(redis, family.key(mind=mind)) for family in _KEPT}
    memories = [value for family in keys.MEMORIES.values() for value in kept[family]]
    seen |= {value for stream in kept.values() for value in stream}
    gone = sorted(thoughts - seen)
    counted = audit.expired + audit.displaced
    attended = Counter(kept[keys.ASSEMBLED])
    twice = {v for streams in (attended, Counter(memories)) for v, n in streams.items() if n > 1}
    return Found(
        lost=[*gone[counted:], *sorted(anchored - set(memories))],
        attended=len(attended),
        attended_twice=sorted(twice),
        faults=[f"{mind}: {fault}" for fault in audit.faults],
    )


def _stream(redis: RedisCluster, key: str) -> list[str]:
    """The values in a stream: without echoes, and without what no client wrote."""
    entries: Any = redis.xrange(key)
    values = [written({"id": entry} | fields).value for entry, fields in entries]
    return [value for value in values if value]
