"""What a mind looks like at this moment: for watching, never for deciding."""

import asyncio
import math
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.store.client import Client
from thoughtstream.store.entries import end_of_page


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thought that competes. `due_ms`: when its time to compete is over (server's clock)."""

    id: str
    window: str
    content: str
    strength: float
    due_ms: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory as its stream has it."""

    kind: str
    entry: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class MindState:
    """A picture of one mind. The time, the counts and the attended thoughts are of one moment;
    the windows, the contest, the forgotten and the memories are read beside it.
    """

    now_ms: int
    windows: dict[str, int]
    competing: int
    contest: list[Candidate]
    intervening: list[Attended]
    attended: list[Attended]
    forgotten: list[Forgotten]
    memories: list[Remembered]
    memory_counts: dict[str, int]
    ledger: dict[str, int]


async def read_state(redis: Client, mind: str, windows: tuple[str, ...], top: int) -> MindState:
    """The state of a mind, with at most `top` of each list, the newest or strongest first.

    `windows`: those that are known beside the ones that attention has found. Two round trips,
    whatever else the server has.
    """
    pipe = redis.pipeline(transaction=False)
    pipe.smembers(keys.WINDOWS.key(mind=mind))
    pipe.zrange(keys.CONTEST.key(mind=mind), 0, top - 1, withscores=True)
    pipe.xrevrange(keys.UNCONSCIOUS.key(mind=mind), count=top)
    for family in keys.MEMORIES.values():
        pipe.xrevrange(family.key(mind=mind), count=top)
    snapshot, answers = await asyncio.gather(Attention(redis).snapshot(mind, top), pipe.execute())
    found, leaders, forgotten, *memories = answers
    others = {*map(keys.decode_name, found), *windows}.difference(keys.STANDARD_WINDOWS)
    names = (*keys.STANDARD_WINDOWS, *sorted(others))
    lengths, contest = await _competing(redis, mind, names, leaders)
    return MindState(
        **snapshot._asdict(),
        windows=dict(zip(names, lengths, strict=True)),
        contest=contest,
        forgotten=[Forgotten.of(entry, fields) for entry, fields in forgotten],
        memories=_newest(memories, top),
    )


async def read_attended(
    redis: Client, mind: str, limit: int, before: str
) -> list[tuple[str, Attended]]:
    """What was attended lately, the newest first, each with its entry in `assembled`; `before`: an
    entry, or `+`.
    """
    stream = keys.ASSEMBLED.key(mind=mind)
    found: Any = await redis.xrevrange(stream, end_of_page(before), count=limit)
    return [(entry, Attended.entry(fields)) for entry, fields in found]


async def weaker(
    redis: Client, mind: str, threshold: float, limit: int, half_life_ms: int | None
) -> tuple[int, list[str]]:
    """How many competing thoughts score under a threshold, and the contents of the weakest."""
    bar, contest = threshold, keys.CONTEST.key(mind=mind)
    if half_life_ms:
        bar = math.log2(max(threshold, 1e-9)) + await redis.clock_ms(contest) / half_life_ms
    total = await redis.zcount(contest, f"({-bar!r}", "+inf")
    weakest: Any = await redis.zrange(
        contest, "+inf", f"({-bar!r}", desc=True, byscore=True, offset=0, num=limit, withscores=True
    )
    _, candidates = await _competing(redis, mind, (), weakest)
    return total, [candidate.content for candidate in candidates]


async def _competing(
    redis: Client, mind: str, windows: tuple[str, ...], leaders: list[tuple[str, float]]
) -> tuple[list[int], list[Candidate]]:
    """How many thoughts are in each window, and what the leaders say."""
    pipe = redis.pipeline(transaction=False)
    for window in windows:
        pipe.xlen(keys.WINDOW.key(mind=mind, window=window))
    for member, _ in leaders:
        entry, window = _split(member)
        pipe.xrange(keys.WINDOW.key(mind=mind, window=window), entry, entry)
        pipe.zscore(keys.DEADLINES.key(mind=mind), member)
    answers: Any = await pipe.execute() if windows or leaders else []
    lengths, of_leaders = answers[: len(windows)], answers[len(windows) :]
    found = zip(leaders, of_leaders[::2], of_leaders[1::2], strict=True)
    return lengths, [
        _candidate(member, -negated, entries[0][1], due)
        for (member, negated), entries, due in found
        if entries and due is not None  # it may have left since
    ]


def _candidate(member: str, strength: float, fields: dict[str, str], due: float) -> Candidate:
    entry, window = _split(member)
    return Candidate(
        id=f"{entry}@{keys.encode_name(window)}",
        window=window,
        content=keys.readable(fields.get("content", "")),
        strength=strength,
        due_ms=int(due),
    )


def _split(member: str) -> tuple[str, str]:
    """(entry id, window) of a candidate's padded member; see thought.lua."""
    numbers, _, window = member.partition("@")
    ms, _, seq = numbers.partition("-")
    return f"{int(ms)}-{int(seq)}", keys.decode_name(window)


def _newest(memories: list[Any], top: int) -> list[Remembered]:
    found = [
        Remembered(kind=kind, entry=entry, fields=keys.readable_fields(fields))
        for kind, entries in zip(keys.MEMORIES, memories, strict=True)
        for entry, fields in entries
    ]
    found.sort(key=lambda memory: int(memory.fields.get("anchored_at", 0)), reverse=True)
    return found[:top]
