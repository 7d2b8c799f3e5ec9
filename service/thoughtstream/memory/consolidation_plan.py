"""The plan of a consolidation: pure functions from the memories to a list of moves.

What has been done changes the memories so that planning again gives just the moves that are left:
so a session can be killed anywhere and be resumed, and sleeping twice is sleeping once.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from thoughtstream.config import MemoryConfig
from thoughtstream.language.similarity import gist, near_duplicates

REST_MS = 12 * 3_600_000
"""How long a memory rests after a replay."""

WINDOW = "sleep"
"""Where distilled memories come from."""

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Trace:
    """A memory as sleep sees it. Times in milliseconds of the server's clock.

    `emotion`: the larger of |valence| and arousal. `tagged`: its importance, or 1 if its field
    `tagged` says so. `distilled_from`: of a distilled memory, its episodes; `merged_from`: the
    memories that said the same; `unmerged`: it was one of those, and was taken back.
    `replayed_at`: 0 if it never was.
    """

    id: str
    kind: str
    order: tuple[int, int]
    content: str
    anchored_at: int
    emotion: float = 0.0
    connection: float = 0.0
    tagged: float = 0.0
    strength: float = 1.0
    replayed_at: int = 0
    unmerged: bool = False
    merged_from: tuple[str, ...] = ()
    distilled_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """Memories that say what an older one says go, and count as part of it."""

    kept: str
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A memory is strengthened by its priority."""

    id: str
    priority: float


@dataclass(frozen=True, slots=True)
class Distillation:
    """Episodes that share their gist are, or become part of, one semantic memory.

    `contents`: theirs, the strongest first, then that of the memory so far, if it is made of some
    that are no longer there; `exemplar`: the first of them.
    """

    id: str
    episodes: tuple[str, ...]
    exemplar: str
    contents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The moves of a session, in their order."""

    merges: list[Merge] = field(default_factory=list)
    replays: list[Replay] = field(default_factory=list)
    distillations: list[Distillation] = field(default_factory=list)

    def __len__(self) -> int:
        return (
            sum(len(merge.gone) for merge in self.merges)
            + len(self.replays)
            + len(self.distillations)
        )


def priority(trace: Trace, now_ms: int) -> float:
    """How much a memory deserves to be replayed, 0..1. Source: the formula of the design."""
    hours = max(0, now_ms - trace.anchored_at) / _HOUR_MS
    return (
        0.4 * trace.emotion
        + 0.3 * trace.connection
        + 0.2 * math.exp(-0.1 * hours)
        + 0.1 * trace.tagged
    )


def plan(traces: Iterable[Trace], now_ms: int, config: MemoryConfig) -> Plan:
    """The moves of a session that began at `now_ms`; what was anchored later is ignored."""
    known = {trace.id: trace for trace in sorted(traces, key=lambda t: (t.order, t.kind))}
    old = {id_: trace for id_, trace in known.items() if trace.order[0] <= now_ms}
    merges = _merges(old.values())
    for merge in merges:
        gone = [old.pop(id_) for id_ in merge.gone]
        old[merge.kept] = merged(old[merge.kept], gone)
    replays = _replays([*old.values(), *_later(known, now_ms)], now_ms, config.sleep_replays)
    for move in replays:
        trace = old[move.id]
        old[move.id] = replace(trace, strength=trace.strength + move.priority, replayed_at=now_ms)
    distilled = [trace for trace in known.values() if trace.distilled_from]
    found = _distillations(old.values(), distilled, known.keys(), config.sleep_repeats)
    return Plan(merges, replays, found)


def merged(kept: Trace, gone: Sequence[Trace]) -> Trace:
    """A memory that counts others, which say the same, as part of it."""
    return replace(
        kept,
        strength=sum((trace.strength for trace in gone), kept.strength),
        replayed_at=max(kept.replayed_at, *(trace.replayed_at for trace in gone)),
        merged_from=kept.merged_from
        + tuple(id_ for trace in gone for id_ in (trace.id, *trace.merged_from)),
    )


def _later(known: dict[str, Trace], now_ms: int) -> list[Trace]:
    return [trace for trace in known.values() if trace.order[0] > now_ms]


def _merges(traces: Iterable[Trace]) -> list[Merge]:
    """The oldest of each kind stays. Left alone are distilled memories, which stand for others, and
    what was taken back; and what others have become part of is part of no other.
    """
    by_kind: defaultdict[str, list[tuple[Trace, str]]] = defaultdict(list)
    for trace in traces:
        if not (trace.distilled_from or trace.unmerged):
            by_kind[trace.kind].append((trace, trace.content))
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for texts in by_kind.values():
        for gone, kept in near_duplicates(texts).items():
            if not gone.merged_from:
                groups[kept.id].append(gone.id)
    return [Merge(kept, tuple(gone)) for kept, gone in groups.items()]


def _replays(traces: Sequence[Trace], now_ms: int, most: int) -> list[Replay]:
    """The most important of those that don't rest; those that do were part of this session."""
    resting = sum(_rests(trace, now_ms) for trace in traces)
    awake = [
        Replay(trace.id, priority(trace, now_ms))
        for trace in traces
        if not _rests(trace, now_ms) and trace.order[0] <= now_ms
    ]
    awake.sort(key=lambda move: -move.priority)
    return awake[: max(0, most - resting)]


def _rests(trace: Trace, now_ms: int) -> bool:
    """Who was replayed further ahead than a rest was so before the clock was set back."""
    return abs(now_ms - trace.replayed_at) < REST_MS


def _distillations(
    traces: Iterable[Trace], distilled: Sequence[Trace], ids: Iterable[str], repeats: int
) -> list[Distillation]:
    by_gist: defaultdict[tuple[str, ...], list[Trace]] = defaultdict(list)
    for trace in traces:
        if trace.kind == "episodic":
            by_gist[gist(trace.content)].append(trace)
    by_gist.pop((), None)
    groups = [(group, _with_merged(group)) for group in by_gist.values()]
    into = _grown(distilled, [episodes for _, episodes in groups])
    taken = set(ids)
    found = []
    for group, episodes in groups:
        before = into.get(episodes)
        if len(episodes) < repeats or (before and set(episodes) <= {*before.distilled_from}):
            continue
        id_ = before.id if before else _new_id(episodes[0], taken)
        taken.add(id_)
        best = sorted(group, key=lambda trace: -trace.strength)
        contents = [trace.content for trace in best]
        if before and not {*before.distilled_from} <= set(episodes):
            contents.append(before.content)
        found.append(Distillation(id_, episodes, best[0].id, tuple(contents)))
    return found


def _with_merged(group: Iterable[Trace]) -> tuple[str, ...]:
    return tuple(id_ for trace in group for id_ in (trace.id, *trace.merged_from))


def _grown(
    distilled: Iterable[Trace], groups: Iterable[tuple[str, ...]]
) -> dict[tuple[str, ...], Trace]:
    """For each group of episodes, the memory that was distilled from some of them, and from none of
    another group: two groups don't say the same, so no memory can stand for both.
    """
    group_of = {episode: group for group in groups for episode in group}
    found: dict[tuple[str, ...], Trace] = {}
    for memory in distilled:
        its = {group_of[episode] for episode in memory.distilled_from if episode in group_of}
        if len(its) == 1:
            found.setdefault(its.pop(), memory)
    return found


def _new_id(episode: str, taken: set[str]) -> str:
    """An id like those of thoughts, made from the oldest episode's."""
    ms, _, rest = episode.partition("-")
    sequence = int(rest.partition("@")[0])
    while f"{ms}-{sequence}@{WINDOW}" in taken:
        sequence += 1
    return f"{ms}-{sequence}@{WINDOW}"
