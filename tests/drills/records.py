"""What clients have logged, and whether the cluster still has it: every value is looked up."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from redis.cluster import RedisCluster

from tests.drills.clients import Client, Endpoint, digest
from tests.drills.witness import written
from thoughtstream import Mind, keys
from thoughtstream.attention.models import Audit

_BATCH = 500
_KEPT = (keys.ASSEMBLED, keys.UNCONSCIOUS, keys.REJECTED, *keys.MEMORIES.values())


@dataclass
class Record:
    """What one client was promised (`where`: the mind, empty for a key), and what went wrong."""

    client: Client
    promised: list[tuple[str, str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    longest_gap_s: float = 0
    ended: bool = False

    @classmethod
    def of(cls, client: Client) -> "Record":
        """From the client's log. A gap lasts from one acknowledged write to the next one of the
        same mind (of the same client, for keys), or to the client's end.
        """
        record = cls(client)
        times: dict[str, list[float]] = {where: [] for where in client.minds or ("",)}
        for line in (client.folder / f"{client.name}.log").read_text().splitlines():
            at, what, where, value = json.loads(line)
            if what == "acknowledged":
                record.promised.append((where, value))
                times[where].append(at)
            elif what == "error":
                record.errors.append(f"{client.kind}: {value}")
            elif what == "ended":
                record.ended = True
                for passed in times.values():
                    passed.append(at)
        gaps = [later - at for passed in times.values() for at, later in pairwise(passed)]
        record.longest_gap_s = max(gaps, default=0)
        return record


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


def keys_of(records: list[Record], endpoint: Endpoint) -> Found:
    """Every acknowledged key, by value."""
    found = Found()
    redis = endpoint.connect()
    names = [value for record in records for _, value in record.promised]
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


def minds_of(records: list[Record], endpoint: Endpoint, home: Path) -> Found:
    """Every acknowledged thought and anchor, and the account of every mind."""
    promised: dict[str, set[str]] = {m: set() for r in records for m in r.client.minds}
    anchored: dict[str, set[str]] = {mind: set() for mind in promised}
    for record in records:
        into = anchored if record.client.kind == "anchors" else promised
        for mind, value in record.promised:
            into[mind].add(value)
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
