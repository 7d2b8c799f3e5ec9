"""The engine as a plain reference model: lists and dicts, one thing after the other.

Written from the design, not from the Lua: where the two disagree, one of them is wrong.
"""

from dataclasses import dataclass, field
from typing import Any

from thoughtstream.config import StreamConfig

UNIT = ("salience", "connection_relevance", "arousal", "importance", "novelty")


@dataclass
class Entry:
    """A stream entry that a producer wrote."""

    id: tuple[int, int]
    window: str
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return f"{self.id[0]}-{self.id[1]}@{self.window}"

    @property
    def order(self) -> tuple[tuple[int, int], str]:
        return self.id, self.window


@dataclass(frozen=True)
class Archived:
    """A memory in the unconscious."""

    name: str
    kind: str
    content: str


@dataclass
class Thought:
    """An adopted entry."""

    entry: Entry
    score: float
    due: int
    fields: dict[str, str] = field(default_factory=dict)
    vetoed: bool = False
    rivals: int = 0
    lead: float | None = None


def acceptable(fields: dict[str, str]) -> bool:
    def within(name: str, low: float, high: float) -> bool:
        try:
            number = float(fields[name])
        except ValueError:
            return False
        return low <= number <= high

    return (
        bool(fields.get("content"))
        and all(within(name, 0, 1) for name in UNIT if name in fields)
        and ("valence" not in fields or within("valence", -1, 1))
        and fields.get("kind", "") in ("", "episodic", "semantic", "procedural")
    )


class Model:
    """One mind. `cycle` takes the server's time, since only the server knows it."""

    def __init__(self, config: StreamConfig) -> None:
        self.config = config
        self.windows: dict[str, list[Entry]] = {}
        self.unread: dict[str, list[Entry]] = {}
        self.competing: list[Thought] = []
        self.intervening: list[Thought] = []
        self.assembled: list[str] = []
        self.superseded: dict[str, str] = {}  # of a memory, in whose place it is
        self.memories: dict[str, list[tuple[str, str]]] = {
            "episodic": [], "semantic": [], "procedural": [],
        }  # fmt: skip
        self.rejected: list[str] = []
        self.unconscious: list[Entry | Archived] = []
        self.ledger: dict[str, int] = {}

    # --- producers ---------------------------------------------------------------------------

    def add(self, entry: Entry) -> None:
        self.windows.setdefault(entry.window, []).append(entry)
        self.unread.setdefault(entry.window, []).append(entry)

    def trim(self, window: str, length: int) -> None:
        """A producer cuts its window to the newest `length` entries."""
        kept = self.windows.get(window, [])[-length:] if length else []
        self.windows[window] = kept
        self.unread[window] = [e for e in self.unread.get(window, []) if e in kept]

    # --- attention ---------------------------------------------------------------------------

    def cycle(self, now: int) -> str | None:
        """One cycle; returns the id of the thought that was attended."""
        self._adopt(now)
        self._settle(now)
        winner = self._attend(now)
        self._forget()
        return winner

    def _count(self, name: str, by: int = 1) -> None:
        self.ledger[name] = self.ledger.get(name, 0) + by

    def _adopt(self, now: int) -> None:
        cfg = self.config
        for window, entries in self.unread.items():
            for entry in entries:
                if not acceptable(entry.fields):
                    self.rejected.append(entry.name)
                    self.windows[window].remove(entry)
                    self._count("rejected")
                    continue
                relevance = float(entry.fields.get("connection_relevance", 0))
                score = float(entry.fields.get("salience", 0.5)) + relevance * cfg.connection_weight
                due = now + cfg.working_memory_ttl_ms
                self.competing.append(Thought(entry, score, due))
                self._count("adopted")
            entries.clear()
            excess = len(self.windows[window]) - cfg.working_memory_maxlen
            for entry in self.windows[window][: max(excess, 0)]:
                self._leave(self._thought_of(entry), "displaced")

    def _thought_of(self, entry: Entry) -> Thought:
        return next(thought for thought in self.competing if thought.entry is entry)

    def _leave(self, thought: Thought, fate: str) -> None:
        window = self.windows[thought.entry.window]
        there = thought.entry in window
        if there:
            window.remove(thought.entry)
        self.competing.remove(thought)
        self._count(fate if there else "displaced")

    def _settle(self, now: int) -> None:
        both = [*self.competing, *self.intervening]
        due = sorted((t for t in both if t.due <= now), key=lambda t: (t.due, t.entry.order))
        for thought in due[: self.config.batch]:
            if thought in self.intervening:
                self._encode(thought)
            else:
                self._leave(thought, "expired")

    def _encode(self, thought: Thought) -> None:
        self.intervening.remove(thought)
        if thought.vetoed:
            return self._count("vetoed")
        self._remember(thought.entry, thought.fields)
        return self._count("anchored")

    def _remember(self, entry: Entry, fields: dict[str, str]) -> None:
        kind = fields.get("kind", "")
        if not kind and "skill" in fields:
            kind = "procedural"
        if not kind:
            kind = "semantic" if entry.window == "reasoning" else "episodic"
        self.memories[kind].append((entry.name, fields["content"]))

    # --- past the contest --------------------------------------------------------------------

    def anchor(self, entry: Entry) -> None:
        """A memory made at once."""
        self._remember(entry, entry.fields)
        for name in ("adopted", "attended", "anchored"):
            self._count(name)

    def take_back(self, forgotten: Entry, entry: Entry) -> None:
        """A forgotten thought competes again, as this entry."""
        self.unconscious.remove(forgotten)
        self.add(entry)

    # --- its owner's hands -------------------------------------------------------------------

    def _drop(self, name: str) -> tuple[str, str, str]:
        for kind, memories in self.memories.items():
            for id_, content in memories:
                if id_ == name:
                    memories.remove((id_, content))
                    return kind, id_, content
        raise AssertionError(f"{name} is no memory")

    def let_go(self, name: str) -> None:
        """A memory goes to the unconscious."""
        kind, id_, content = self._drop(name)
        self.unconscious.append(Archived(id_, kind, content))
        self._count("let_go")

    def supersede(self, name: str, new: str, content: str) -> None:
        """Another memory in the place of one, which goes to the unconscious."""
        kind, id_, was = self._drop(name)
        self.unconscious.append(Archived(id_, kind, was))
        self.memories[kind].append((new, content))
        self.superseded[new] = name
        self._count("superseded")

    def remember_again(self, archived: "Archived") -> None:
        """A memory comes back from the unconscious."""
        self.unconscious.remove(archived)
        self.memories[archived.kind].append((archived.name, archived.content))
        self._count("taken_back")

    def erase(self, name: str) -> None:
        """A memory is gone, and what tells of it; what took its place is written anew."""
        self._drop(name)
        for memories in self.memories.values():
            memories.sort(key=lambda memory: self.superseded.get(memory[0]) == name)
        self.assembled = [id_ for id_ in self.assembled if id_ != name]
        self._count("erased")

    def _attend(self, now: int) -> str | None:
        for _ in range(self.config.batch):
            if not self.competing:
                return None
            best = min(self.competing, key=lambda t: (-t.score, t.entry.order))
            there = best.entry in self.windows[best.entry.window]
            if not there or best.due <= now:
                self._leave(best, "expired")
                continue
            self.competing.remove(best)
            best.rivals = len(self.competing)
            if self.competing:
                best.lead = best.score - max(rival.score for rival in self.competing)
            self.windows[best.entry.window].remove(best.entry)
            best.due = now + self.config.working_memory_ttl_ms
            best.fields = {"salience": "0.5"} | best.entry.fields
            self.intervening.append(best)
            self.assembled.append(best.entry.name)
            self._count("attended")
            return best.entry.name
        return None

    def _forget(self) -> None:
        weak = [t for t in self.competing if t.score < self.config.forget_threshold]
        weak.sort(key=lambda t: (t.score, _reversed(t.entry)))
        for thought in weak[: self.config.batch]:
            if thought.entry in self.windows[thought.entry.window]:
                self.unconscious.append(thought.entry)
            self._leave(thought, "forgotten")

    # --- intervention ------------------------------------------------------------------------

    def intervene(self, name: str, action: str, change: dict[str, str]) -> None:
        thought = next(t for t in self.intervening if t.entry.name == name)
        if action in ("veto", "restore"):
            thought.vetoed = action == "veto"
        thought.fields |= change

    # --- the promise -------------------------------------------------------------------------

    def balanced(self) -> bool:
        count: Any = self.ledger.get
        fates = ("attended", "forgotten", "expired", "displaced")
        return bool(
            count("adopted", 0) == len(self.competing) + sum(count(fate, 0) for fate in fates)
            and count("attended", 0)
            == len(self.intervening) + count("anchored", 0) + count("vetoed", 0)
        )


def _reversed(entry: Entry) -> tuple[int, int, tuple[int, ...]]:
    """Sorts the newest first, as a reversed sorted set does among equals."""
    return -entry.id[0], -entry.id[1], tuple(-ord(c) for c in entry.window)
