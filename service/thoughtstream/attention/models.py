"""What goes in (a new thought) and what comes out (attended thoughts, cycle reports, an audit)."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thoughtstream.arguments import IS_UTF8
from thoughtstream.errors import InvalidThought
from thoughtstream.explaining import explain
from thoughtstream.keys import (
    STANDARD_WINDOWS,
    Kind,
    decode_name,
    is_text,
    readable,
    readable_fields,
)
from thoughtstream.language.moments import milliseconds
from thoughtstream.tracing.traces import FIELD

Action = Literal["veto", "reframe", "boost", "restore"]

Unit = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""A number from 0 to 1."""

ENGINE_FIELDS = frozenset(
    {"id", "window", "score", "attended_at", "encode_at", "cycle", "anchored_at", "vetoed_at",
     "reframed_at", "boosted_at", "entry", "words", "as_ranked", "strength", "replayed_at",
     "merged_from", "merged_into", "merged_at", "unmerged_at", "distilled_from", "supersedes",
     "superseded_by", "asked_by", "vetoed_by", "reframed_by", "boosted_by", "restored_at",
     "restored_by", "lead", "rivals"}
)  # fmt: skip
"""Written by the engine alone: no producer's thought may have them. As in thought.lua."""

MOST_FIELDS = 64
"""Of one thought. As in thought.lua."""

_Foreign = Annotated[str, IS_UTF8]


class NewThought(BaseModel):
    """A thought to be written to a window. Defaults are the ADR's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    content: Annotated[str, Field(min_length=1), IS_UTF8]
    window: Annotated[str, Field(min_length=1, max_length=1000), IS_UTF8] = STANDARD_WINDOWS[0]
    salience: Unit = 0.5
    connection_relevance: Unit = 0.0
    kind: Kind | None = None
    valence: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None = None
    arousal: Unit | None = None
    importance: Unit | None = None
    novelty: Unit | None = None
    source: _Foreign | None = None
    extra: dict[_Foreign, _Foreign] = {}

    @classmethod
    def of(cls, content: str, **fields: Any) -> "NewThought":
        """A thought of these fields; unknown names go into `extra` as text.

        Raises:
            InvalidThought: a field is wrong; the message names it.
        """
        known = {name: value for name, value in fields.items() if name in cls.model_fields}
        own = {name: str(value) for name, value in fields.items() if name not in known}
        extra = known.pop("extra", {})
        try:
            both = extra | own if isinstance(extra, dict) else extra
            return cls(content=content, **known, extra=both)
        except ValidationError as error:
            raise InvalidThought(explain(error, cls)) from None

    def entry(self) -> dict[str, str]:
        """The fields of its stream entry (XADD). `at`, when it was said, in milliseconds, however
        it was given.

        Raises:
            InvalidThought: `extra` has a name that the engine itself writes, or one that a thought
            has without it, or what is no text.
        """
        if not _RESERVED.isdisjoint(self.extra):
            self._refuse()
        texts = {"kind": self.kind, "source": self.source}
        odd = [name for name, text in (texts | self.extra).items() if not is_text(f"{name}{text}")]
        if odd:
            raise InvalidThought(f"{odd[0]!a}: is not UTF-8; give its name and value as text")
        numbers = {
            name: _number(getattr(self, name))
            for name in ("connection_relevance", "valence", "arousal", "importance", "novelty")
            if getattr(self, name)
        }
        said_at = milliseconds(self.extra["at"]) if "at" in self.extra else None
        at = {} if said_at is None else {"at": str(said_at)}
        return {
            "content": self.content,
            "salience": _number(self.salience),
            **numbers,
            **{name: value for name, value in texts.items() if value is not None},
            **self.extra,
            **at,
        }

    def _refuse(self) -> None:
        for name in sorted(_RESERVED & self.extra.keys()):
            if name in ENGINE_FIELDS:
                raise InvalidThought(f"{name}: is a field the engine writes; use another name")
            raise InvalidThought(f"{name}: is in `extra`; give it as the thought's own field")


_OWN = NewThought.model_fields.keys() - {"extra"}
_RESERVED = ENGINE_FIELDS | _OWN


def check_size(entry: dict[str, str], most_bytes: int) -> None:
    """Whether an entry is one that the engine takes: it rejects larger ones when it reads them.

    Raises:
        InvalidThought: it has more bytes in names and values, or more fields, than are allowed.
    """
    if len(entry) > MOST_FIELDS:
        raise InvalidThought(f"fields: {len(entry)}; the most is {MOST_FIELDS}")
    characters = sum(len(name) + len(value) for name, value in entry.items())
    if characters * 4 <= most_bytes:  # UTF-8 takes four at most
        return
    size = sum(len(name.encode()) + len(value.encode()) for name, value in entry.items())
    if size > most_bytes:
        raise InvalidThought(
            f"size: {size:,} bytes; the most is {most_bytes:,} (streams.max_thought_bytes)"
        )


def _number(value: float) -> str:
    return repr(value)


class Attended(NamedTuple):
    """A thought that won the contest. Times in milliseconds of the server's clock.

    `rivals`: how many others competed; `lead`: how much higher it scored than the next, None if
    there was none. Both are None of what a version before has attended.
    """

    id: str
    window: str
    content: str
    score: float
    salience: float
    kind: Kind | None
    attended_at: int
    encode_at: int
    fields: dict[str, str]
    lead: float | None = None
    rivals: int | None = None

    @classmethod
    def parse(cls, flat: list[str]) -> "Attended":
        """From a flat list of the fields of the `assembled` stream."""
        return cls.of(dict(zip(flat[::2], flat[1::2], strict=True)))

    @classmethod
    def entry(cls, fields: dict[str, str]) -> "Attended":
        """From an entry of the `assembled` stream; what is no UTF-8 there is U+FFFD here."""
        return cls.of(readable_fields(fields))

    @classmethod
    def of(cls, fields: dict[str, str]) -> "Attended":
        """From the fields of the `assembled` stream; `fields` keeps the others."""
        take = fields.pop
        take("cycle", None)
        take(FIELD, None)
        lead, rivals = take("lead", None), take("rivals", None)
        try:
            standing = (float(lead) if lead and rivals else None, int(rivals) if rivals else None)
        except ValueError:  # a producer's own: a version before let them write these names
            standing = (None, None)
        return cls(
            take("id"),
            decode_name(take("window")),
            take("content"),
            float(take("score")),
            float(take("salience")),
            take("kind", None) or None,  # type: ignore[arg-type]  # the Function lets no other in
            int(take("attended_at")),
            int(take("encode_at")),
            fields,
            *standing,
        )


class Forgotten(NamedTuple):
    """A thought in the unconscious: forgotten, and why. Times in milliseconds of the server.

    A memory that was let go has the threshold 0, and in `fields` the `reason` (asked, superseded).
    """

    entry: str
    id: str
    window: str
    content: str
    score: float
    threshold: float
    forgotten_at: int
    fields: dict[str, str]

    @property
    def was_memory(self) -> bool:
        """Whether it was a memory that was let go, and no thought that lost."""
        return self.threshold == 0

    @classmethod
    def of(cls, entry: str, fields: dict[str, str]) -> "Forgotten":
        """From an entry of the `unconscious` stream; what is no UTF-8 there is U+FFFD here."""
        return cls._of(entry, readable_fields(fields))

    @classmethod
    def parse(cls, entry: str, flat: list[str]) -> "Forgotten":
        """From an entry's flat list of fields."""
        pairs = iter(flat)
        return cls._of(entry, dict(zip(pairs, pairs, strict=True)))

    @classmethod
    def _of(cls, entry: str, rest: dict[str, str]) -> "Forgotten":
        id_ = rest.pop("id")
        return cls(
            entry=entry,
            id=id_,
            window=decode_name(id_.partition("@")[2]),
            content=rest.pop("content", ""),
            score=float(rest.pop("score")),
            threshold=float(rest.pop("threshold")),
            forgotten_at=int(rest.pop("forgotten_at")),
            fields=rest,
        )


COUNTS = ("adopted", "rejected", "attended", "anchored", "recurred", "vetoed", "forgotten",
          "expired", "displaced", "distilled", "imported", "merged", "unmerged",
          "outgrown", "let_go", "taken_back", "superseded", "erased")  # fmt: skip
"""The ledger's counts that an audit checks."""

_decode = json.JSONDecoder().raw_decode
"""Takes a third of the time of `json.loads`, which matters in every cycle."""


class CycleReport(NamedTuple):
    """What one attention cycle did. Times in milliseconds of the server's clock; `more`:
    thoughts may still compete, False if the contest was found empty; `moved`: the ledger's counts
    that it raised, and by how much; `context`: of the attended thought's trace, if it has one.
    """

    now_ms: int
    next_due_ms: int | None
    more: bool
    moved: dict[str, int]
    anchored_ids: list[str]
    attended: Attended | None
    context: str = ""

    @classmethod
    def parse(cls, answer: str) -> "CycleReport":
        """From the answer of `attention_cycle_3`."""
        now, due, more, moved, anchored, winner = _decode(readable(answer))[0]
        if not winner:
            return cls(now, due, more, moved, anchored, None)
        fields = dict(zip(winner[::2], winner[1::2], strict=True))
        context = fields.pop(FIELD, "")
        return cls(now, due, more, moved, anchored, Attended.of(fields), context)

    @property
    def overdue(self) -> bool:
        """Whether more was due than one cycle settles; call again at once."""
        return self.next_due_ms is not None and self.next_due_ms <= self.now_ms


def _kept(counts: dict[str, int]) -> int:
    """The memories that there must be."""
    made = counts["anchored"] - counts["recurred"] + counts["distilled"] + counts["imported"]
    back = counts["unmerged"] + counts["taken_back"]
    gone = sum(counts[fate] for fate in ("merged", "outgrown", "let_go", "erased"))
    return made + back - gone


@dataclass(frozen=True, slots=True)
class Audit:
    """The conservation of thoughts: the ledger against the keys.

    Every adopted thought is competing, attended, forgotten, expired or displaced; every attended
    one is in its intervention window, anchored or vetoed. `recurred`: of the anchored, those that
    had come back from memory and are there already. Every other anchored one is a memory, as is
    every `distilled` or `imported` one, unless it was `merged` into another and not `unmerged`
    again, has `outgrown` its bound, was `erased`, or was `let_go` (forgotten on request) and not
    `taken_back`. One that was `superseded` made room for another.
    `unread`: written, not yet adopted. `ghosts`: competing, but trimmed by its producer; the next
    cycle that meets one counts it as displaced.

    What it can't see: a memory removed from the middle of its stream for another that was written
    past the engine, and, but at the ends of the streams, one without its item.
    """

    adopted: int
    rejected: int
    attended: int
    anchored: int
    recurred: int
    vetoed: int
    forgotten: int
    expired: int
    displaced: int
    distilled: int
    imported: int
    merged: int
    unmerged: int
    outgrown: int
    let_go: int
    taken_back: int
    superseded: int
    erased: int
    memories: int
    competing: int
    intervening: int
    unread: int
    ghosts: int
    faults: list[str]

    @classmethod
    def parse(cls, answer: list[Any]) -> "Audit":
        """From the answer of `attention_audit_3`; adds the sums that don't balance."""
        flat, competing, intervening, unread, ghosts, faults = answer
        ledger = dict(zip(flat[::2], flat[1::2], strict=True))
        counts = {name: int(ledger.get(name, 0)) for name in COUNTS}
        sums = {
            "adopted": competing
            + sum(counts[fate] for fate in ("attended", "forgotten", "expired", "displaced")),
            "attended": intervening + counts["anchored"] + counts["vetoed"],
        }
        memories, kept = int(ledger["memories"]), _kept(counts)
        lost = [f"memories: {memories} there, {kept} accounted for"] if memories != kept else []
        wrong = [
            f"{name}: {counts[name]} counted, {total} accounted for"
            for name, total in sums.items()
            if counts[name] != total
        ]
        return cls(
            **counts,
            memories=memories,
            competing=competing,
            intervening=intervening,
            unread=unread,
            ghosts=ghosts,
            faults=[*wrong, *lost, *faults],
        )

    @property
    def balanced(self) -> bool:
        """Whether nothing is missing and nothing is counted twice."""
        return not self.faults
