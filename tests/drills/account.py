"""The account of a drill: by value, every thought against everything that was ever written."""

from collections import Counter
from dataclasses import dataclass

from tests.drills.load import REFRAMED, Book
from tests.drills.witness import History, Written
from thoughtstream.attention.models import Audit

_ALLOWED_S = 2.5
"""`appendfsync everysec`: Redis may hold back what it acknowledged for 2 s while it waits for the
disk; and the producer's clock is read a little later."""


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    check: str
    wanted: str
    found: str
    good: bool


def zero(check: str, found: int, detail: object = "") -> Finding:
    """Something that must not happen, and how often it did."""
    said = f"{found:,}" + (f": {detail}" if found and detail else "")
    return Finding(check, "0", said, found == 0)


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
        arrived = Counter(self._values("windows"))
        promised = self.book.acknowledged.keys() | self.book.unknown
        lost = [value for value in self.book.acknowledged if value not in arrived]
        allowed = [v for v in lost if self._may_be_lost(self.book.acknowledged[v])]
        found = [
            zero("acknowledged thoughts lost", len(lost) - len(allowed), lost[:3]),
            zero("thoughts written twice", sum(n - 1 for n in arrived.values())),
            zero("thoughts that nobody wrote", len(arrived.keys() - promised)),
        ]
        if not self.strict:
            within = f"the last {_ALLOWED_S} s before a kill"
            found.insert(1, Finding("lost within what everysec allows", within, str(len(allowed)),
                                    True))  # fmt: skip
        return found

    def _may_be_lost(self, acknowledged_at: float) -> bool:
        if self.strict:
            return False
        return any(0 <= k - acknowledged_at <= _ALLOWED_S for k in self.redis_killed_at)

    def _fates(self) -> list[Finding]:
        assembled, anchored = self._values("assembled"), self._values("anchored")
        twice = len(assembled) - len(set(assembled))
        again = len(anchored) - len(set(anchored))
        fates = [self._ids("assembled"), self._ids("forgotten"), self._ids("rejected")]
        several = sum(n - 1 for n in Counter(id_ for ids in fates for id_ in ids).values())
        let_in = self.book.bad & {*assembled, *self._values("forgotten")}
        rejected = {w.value for w in self._of_windows(self._ids("rejected"))}
        return [
            zero("thoughts attended twice", twice),
            zero("memories made twice", again),
            zero("thoughts with more than one fate", several),
            zero("bad thoughts that were let in", len(let_in)),
            zero("good thoughts that were rejected", len(rejected - self.book.bad)),
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
        maybe_vetoed = self.book.maybe_intervened | self._asked_for("veto", surely=False)
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
        return {
            value
            for value, (was, at) in self.book.intervened.items()
            if was == action and not (surely and self._may_be_lost(at))
        }

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
