"""What a mind looks like at one moment: for watching, never for deciding."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from thoughtstream import keys
from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.errors import SpoiltMind
from thoughtstream.key_family import Family
from thoughtstream.store.client import Client
from thoughtstream.store.entries import end_of_page

MOST = 1000
"""Of one list."""

_decode = json.JSONDecoder().raw_decode


class Candidate(NamedTuple):
    """A thought that competes. `due_ms`: when its time to compete is over (server's clock)."""

    id: str
    window: str
    content: str
    strength: float
    due_ms: int


class Remembered(NamedTuple):
    """A memory as its stream has it."""

    kind: str
    entry: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class MindState:
    """A picture of one mind at one moment, `now_ms` by the server's clock.

    `competing`: how many; `contest`: the strongest of them. `intervening`: all that can still be
    changed, the first to close comes first. Of the other lists, the newest come first.
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

    @classmethod
    def parse(cls, mind: str, answer: str, top: int) -> "MindState":
        """From the answer of `attention_look_3`.

        Raises:
            SpoiltMind: a key of the mind has what the engine does not write.
        """
        (
            now, ledger, competing, intervening, assembled, unconscious, names, lengths,
            best, due, contents, counts, *memories,
        ) = _decode(keys.readable(answer))[0]  # fmt: skip
        with ours(keys.LEDGER, mind):
            counted = {name: int(count) for name, count in _pairs(ledger) if name != "scale"}
        with ours(keys.CONTEST, mind):
            contest = _contest(best, due, contents)
        with ours(keys.INTERVENING, mind):
            changeable = [Attended.parse(_decode(packed)[0]) for packed in intervening]
        with ours(keys.ASSEMBLED, mind):
            attended = [Attended.parse(flat) for _, flat in assembled]
        with ours(keys.UNCONSCIOUS, mind):
            forgotten = [Forgotten.parse(entry, flat) for entry, flat in unconscious]
        return cls(
            now_ms=now,
            windows=_windows(names, lengths),
            competing=competing,
            contest=contest,
            intervening=sorted(changeable, key=lambda one: (one.encode_at, one.id)),
            attended=attended,
            forgotten=forgotten,
            memories=_newest(mind, memories, top),
            memory_counts=dict(zip(keys.MEMORIES, counts, strict=True)),
            ledger=counted,
        )


@contextmanager
def ours(family: Family, mind: str) -> Iterator[None]:
    """What is read within is as the engine writes it.

    Raises:
        SpoiltMind: it is not.
    """
    try:
        yield
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise SpoiltMind(
            f"{family.key(mind=mind)}: has what Thoughtstream does not write ({error!r}); "
            "RENAME it away"
        ) from error


def _pairs(flat: list[str]) -> Iterator[tuple[str, str]]:
    each = iter(flat)
    return zip(each, each, strict=True)


def _windows(names: list[str], lengths: list[int]) -> dict[str, int]:
    """The standard ones first, then the others by name."""
    found = dict(zip(map(keys.decode_name, names), lengths, strict=True))
    standard = {name: found.pop(name, 0) for name in keys.STANDARD_WINDOWS}
    return standard | dict(sorted(found.items()))


def _contest(
    best: list[str], due: list[str | Literal[False]], contents: list[str | Literal[False]]
) -> list[Candidate]:
    """The leaders; not those that left their window, or are not due: a producer may trim it."""
    return [
        Candidate(*_split(member), content, -float(negated), int(float(due_ms)))
        for (member, negated), due_ms, content in zip(_pairs(best), due, contents, strict=True)
        if due_ms is not False and content is not False
    ]


def _split(member: str) -> tuple[str, str]:
    """(id, window) of a candidate's padded member; see thought.lua."""
    numbers, _, window = member.partition("@")
    ms, _, seq = numbers.partition("-")
    return f"{int(ms)}-{int(seq)}@{window}", keys.decode_name(window)


def _newest(mind: str, memories: list[list[tuple[str, list[str]]]], top: int) -> list[Remembered]:
    """The `top` newest of all kinds."""
    found = list[tuple[int, Remembered]]()
    for (kind, family), entries in zip(keys.MEMORIES.items(), memories, strict=True):
        with ours(family, mind):
            for entry, flat in entries:
                fields = dict(_pairs(flat))
                found.append((int(fields.get("anchored_at", 0)), Remembered(kind, entry, fields)))
    found.sort(key=itemgetter(0), reverse=True)
    return [memory for _, memory in found[:top]]


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
        contest, "+inf", f"({-bar!r}", desc=True, byscore=True, offset=0, num=limit
    )
    pipe = redis.pipeline(transaction=False)
    for member in weakest:
        id_, window = _split(member)
        entry = id_.partition("@")[0]
        pipe.xrange(keys.WINDOW.key(mind=mind, window=window), entry, entry)
    entries: Any = await pipe.execute() if weakest else []
    found = [entry[0][1] for entry in entries if entry]  # the others have left since
    return total, [keys.readable(fields.get("content", "")) for fields in found]
