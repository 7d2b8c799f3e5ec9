"""A look at a mind and its audit by plain commands, one after the other: what the Functions give,
while nobody writes.
"""

import json
from collections.abc import Sequence
from typing import Any

from thoughtstream import keys
from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.attention.state import Candidate, MindState, Remembered


class PlainLook:
    """At one mind, with a client of the one server."""

    def __init__(self, redis: Any, mind: str, windows: Sequence[str]) -> None:
        self._redis = redis
        self._mind = mind
        self._known = windows

    def key(self, family: keys.Family) -> str:
        return family.key(mind=self._mind)

    def window(self, name: str) -> str:
        return keys.WINDOW.key(mind=self._mind, window=name)

    async def windows(self) -> list[str]:
        found = map(keys.decode_name, await self._redis.smembers(self.key(keys.WINDOWS)))
        others = {*found, *self._known}.difference(keys.STANDARD_WINDOWS)
        return [*keys.STANDARD_WINDOWS, *sorted(others)]

    async def state(self, top: int) -> MindState:
        redis, key = self._redis, self.key
        attended = await redis.xrevrange(key(keys.ASSEMBLED), count=top)
        forgotten = await redis.xrevrange(key(keys.UNCONSCIOUS), count=top)
        ledger = await redis.hgetall(key(keys.LEDGER))
        return MindState(
            now_ms=await redis.clock_ms(key(keys.LEDGER)),
            windows={name: await redis.xlen(self.window(name)) for name in await self.windows()},
            competing=await redis.zcard(key(keys.CONTEST)),
            contest=await self._contest(top),
            intervening=await self._intervening(),
            attended=[Attended.entry(fields) for _, fields in attended],
            forgotten=[Forgotten.of(entry, fields) for entry, fields in forgotten],
            memories=await self._memories(top),
            memory_counts={
                kind: await redis.xlen(key(family)) for kind, family in keys.MEMORIES.items()
            },
            ledger={name: int(count) for name, count in ledger.items() if name != "scale"},
        )

    async def _contest(self, top: int) -> list[Candidate]:
        found = []
        best = await self._redis.zrange(self.key(keys.CONTEST), 0, top - 1, withscores=True)
        for member, negated in best:
            fields = await self._thought(member)
            due = await self._redis.zscore(self.key(keys.DEADLINES), member)
            if fields is not None and due is not None:
                content = keys.readable(fields.get("content", ""))
                window = keys.decode_name(member.partition("@")[2])
                found.append(Candidate(name_of(member), window, content, -negated, int(due)))
        return found

    async def _thought(self, member: str) -> dict[str, str] | None:
        entry, _, window = name_of(member).partition("@")
        found = await self._redis.xrange(self.window(keys.decode_name(window)), entry, entry)
        return found[0][1] if found else None

    async def _intervening(self) -> list[Attended]:
        found = []
        for packed in await self._redis.hvals(self.key(keys.INTERVENING)):
            flat = json.loads(packed)
            fields = dict(zip(flat[::2], flat[1::2], strict=True))
            found.append(Attended.entry(fields))
        return sorted(found, key=lambda one: (one.encode_at, one.id))

    async def _memories(self, top: int) -> list[Remembered]:
        found = []
        for kind, family in keys.MEMORIES.items():
            entries = await self._redis.xrevrange(self.key(family))
            found += [Remembered(kind, one, keys.readable_fields(what)) for one, what in entries]
        found.sort(key=lambda one: -int(one.fields.get("anchored_at", 0)))
        return found[:top]

    async def audit(self) -> dict[str, Any]:
        """What was counted, and the faults of single thoughts and memories."""
        redis, key = self._redis, self.key
        contest = set(await redis.zrange(key(keys.CONTEST), 0, -1))
        deadlines = set(await redis.zrange(key(keys.DEADLINES), 0, -1))
        attended = set(await redis.hkeys(key(keys.INTERVENING)))
        read, unread = await self._read_and_unread()
        there = [member for member in contest if await self._thought(member) is not None]
        wrong = {
            "was read but does not compete": read - contest,
            "competes without a deadline": contest - deadlines,
            "competes although it was attended": contest & attended,
            "was attended but has no deadline": attended - deadlines,
        }
        faults = {f"{name_of(one)}: {what}" for what, ones in wrong.items() for one in ones}
        thoughts = len(contest) + len(attended)
        if len(deadlines) != thoughts:
            faults.add(f"{len(deadlines)} deadlines for {thoughts} thoughts")
        return {
            "competing": len(contest),
            "intervening": len(attended),
            "unread": unread,
            "ghosts": len(contest) - len(there),
            "memories": sum([await redis.xlen(key(one)) for one in keys.MEMORIES.values()]),
            "faults": faults | await self._without_item(),
        }

    async def _read_and_unread(self) -> tuple[set[str], int]:
        """Members of what attention has read in the windows, and how many it has not."""
        read, unread = set[str](), 0
        for name in await self.windows():
            key, until = self.window(name), (0, 0)
            if await self._redis.exists(key):
                for group in await self._redis.xinfo_groups(key):
                    if group["name"] == "attention":
                        until = _number(group["last-delivered-id"])
            for entry, _ in await self._redis.xrange(key):
                if _number(entry) <= until:
                    read.add(member_of(entry, keys.encode_name(name)))
                else:
                    unread += 1
        return read, unread

    async def _without_item(self) -> set[str]:
        faults = set[str]()
        for family in keys.MEMORIES.values():
            for entry, fields in await self._redis.xrange(self.key(family)):
                item = keys.ITEM.key(mind=self._mind, id=fields["id"])
                if await self._redis.hget(item, "entry") != entry:
                    faults.add(f"{fields['id']}: is a memory without its item")
        return faults


def member_of(entry: str, window: str) -> str:
    """The member of the contest that an entry is."""
    ms, seq = _number(entry)
    return f"{ms:020}-{seq:020}@{window}"


def name_of(member: str) -> str:
    """The id of the thought that a member is."""
    numbers, _, window = member.partition("@")
    ms, seq = _number(numbers)
    return f"{ms}-{seq}@{window}"


def _number(entry: str) -> tuple[int, int]:
    ms, _, seq = entry.partition("-")
    return int(ms), int(seq)
