"""The account of a drill: by value, every thought against everything that was ever written."""

from collections import Counter
from dataclasses import dataclass

from tests.drills.book import Book, Note
from tests.drills.findings import Finding, promises, zero
from tests.drills.people import ACTIONS, REFRAMED
from tests.drills.witness import History, Written
from thoughtstream.attention.models import Audit

_ALLOWED_S = 2.5
"""`appendfsync everysec`: Redis may hold back what it acknowledged for 2 s while it waits for the
disk; and the producer's clock is read a little later."""


@dataclass(frozen=True)
class Account:
    """All that is known at the end. `left`: the memory streams, by mind and kind, as they are."""

    book: Book
    histories: dict[str, History]
    audits: dict[str, Audit]
    left: dict[tuple[str, str], list[Written]]
    redis_killed_at: list[float]
    strict: bool

    def findings(self) -> list[Finding]:
        """What was checked, in the order of a thought's life."""
        return [
            *self._written(),
            *self._fates(),
            *self._interventions(),
            self._memories(),
            *self._ledgers(),
        ]

    def numbers(self) -> dict[str, int]:
        """Where the thoughts ended, by the ledgers."""
        names = ("adopted", "attended", "anchored", "vetoed", "forgotten", "expired", "displaced",
                 "rejected")  # fmt: skip
        found = {name: sum(getattr(a, name) for a in self.audits.values()) for name in names}
        echoes = sum(not w.value for h in self.histories.values() for w in h.windows)
        return found | {"of these brought back by triggers": echoes}

    def _all(self, name: str) -> list[Written]:
        return [w for history in self.histories.values() for w in getattr(history, name)]

    def _values(self, name: str) -> list[str]:
        return [w.value for w in self._all(name) if w.value]

    def _written(self) -> list[Finding]:
        return promises("thoughts", self.book, self._values("windows"), self._may_be_lost)

    def _may_be_lost(self, promised: Note) -> bool:
        if self.strict:
            return False
        return any(0 <= at - promised.at <= _ALLOWED_S for at in self.redis_killed_at)

    def _fates(self) -> list[Finding]:
        assembled, anchored = self._values("assembled"), self._values("anchored")
        twice = len(assembled) - len(set(assembled))
        again = len(anchored) - len(set(anchored))
        fates = [self._ids("assembled"), self._ids("forgotten"), self._ids("rejected")]
        several = sum(n - 1 for n in Counter(id_ for ids in fates for id_ in ids).values())
        bad = self.book.noted("bad").keys()
        let_in = bad & {*assembled, *self._values("forgotten")}
        rejected = {w.value for w in self._of_windows(self._ids("rejected"))}
        return [
            zero("thoughts attended twice", twice),
            zero("memories made twice", again),
            zero("thoughts with more than one fate", several),
            zero("bad thoughts that were let in", len(let_in)),
            zero("good thoughts that were rejected", len(rejected - bad)),
            *self._gone(fates),
        ]

    def _ids(self, name: str) -> list[tuple[str, str]]:
        return [(mind, w.id) for mind, h in self.histories.items() for w in getattr(h, name)]

    def _of_windows(self, ids: list[tuple[str, str]]) -> list[Written]:
        chosen = set(ids)
        return [
            w for mind, h in self.histories.items() for w in h.windows if (mind, w.id) in chosen
        ]

    def _gone(self, fates: list[list[tuple[str, str]]]) -> list[Finding]:
        """What has no fate of its own must be what the ledger calls expired and displaced."""
        counted = sum(a.expired + a.displaced for a in self.audits.values())
        gone = len(set(self._ids("windows")) - {id_ for ids in fates for id_ in ids})
        off = f"{gone:,}"
        return [
            Finding("expired and displaced: left by value", f"{counted:,}", off, gone == counted)
        ]

    def _interventions(self) -> list[Finding]:
        anchored = {w.value: w for w in self._all("anchored") if w.value}
        attended = set(self._values("assembled"))
        vetoed, reframed = self._asked_for("veto"), self._asked_for("reframe")
        maybe_vetoed = self._unanswered() | self._asked_for("veto", surely=False)
        unexplained = attended - anchored.keys() - maybe_vetoed
        return [
            zero("memories that nobody attended", len(anchored.keys() - attended)),
            zero("attended thoughts neither remembered nor vetoed", len(unexplained)),
            zero("vetoed thoughts that were remembered", len(vetoed & anchored.keys())),
            zero(
                "reframed thoughts remembered as they were",
                sum(anchored[v].content != REFRAMED + v for v in reframed if v in anchored),
            ),
        ]

    def _asked_for(self, action: str, *, surely: bool = True) -> set[str]:
        """The values with this intervention; `surely`: without those that may be lost."""
        asked = self.book.noted(action).items()
        return {value for value, note in asked if not (surely and self._may_be_lost(note))}

    def _unanswered(self) -> set[str]:
        """The values of interventions that may have taken place or not."""
        answered = (self.book.noted(what).keys() for what in (*ACTIONS, "refused"))
        return set(self.book.noted("asked")).difference(*answered)

    def _memories(self) -> Finding:
        """A bounded memory has the newest ones, and each is as it was written."""
        off = 0
        for (mind, kind), left in self.left.items():
            made = self.histories[mind].memories[kind] if mind in self.histories else []
            off += made[len(made) - len(left) :] != left
        return zero("memory streams that are not as written", off)

    def _ledgers(self) -> list[Finding]:
        audits = self.audits.values()
        faults = [fault for audit in audits for fault in audit.faults]
        restless = sum(a.competing + a.intervening + a.unread + a.ghosts for a in audits)
        counts = {
            "adopted": self._count("windows") - self._count("rejected"),
            "rejected": self._count("rejected"),
            "attended": self._count("assembled"),
            "forgotten": self._count("forgotten"),
        }
        numbers = self.numbers()
        off = {name: (numbers[name], n) for name, n in counts.items() if numbers[name] != n}
        return [
            zero("ledgers that don't balance", len(faults), faults[:3]),
            zero("counts that the file contradicts", len(off), off),
            zero("thoughts left over", restless),
        ]

    def _count(self, name: str) -> int:
        return len(self._all(name))
