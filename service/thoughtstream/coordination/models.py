"""What goes into a queue and what comes out: tasks, claims, reports, results, the books."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal, NamedTuple

from thoughtstream.errors import InvalidTask

MOST_PRIORITY = 1023
MOST_AT_ONCE = 1000
"""Tasks of one submission, claims and reports of one round: this bounds how long Redis is busy."""

MAX_KEY_CHARACTERS = 500

State = Literal["submitted", "working", "input_required", "completed", "failed", "canceled"]
"""Where a task is, in the words of A2A's and MCP's tasks."""

_STATES: dict[str, State] = {
    "waiting": "submitted", "delayed": "submitted", "leased": "working",
    "asking": "input_required", "dead": "failed", "completed": "completed",
    "cancelled": "canceled",
}  # fmt: skip

_LEAVES: dict[str, State] = {
    "done": "completed", "renew": "working", "release": "submitted", "dead": "failed",
    "ask": "input_required",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to submit.

    `priority`: -1023 to 1023, the highest first; among equals the oldest first. `delay_s`: not
    before so many seconds. `key`: makes submitting it twice submitting it once, for as long as the
    task or its result is kept. `max_attempts`: 1 to 1,000 executions before it is dead.
    """

    payload: str
    priority: int = 0
    delay_s: float = 0
    max_attempts: int = 3
    key: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.payload, str):
            raise InvalidTask(f"payload: is {type(self.payload).__name__}; give text")
        if not -MOST_PRIORITY <= self.priority <= MOST_PRIORITY:
            most = f"give -{MOST_PRIORITY} to {MOST_PRIORITY}"
            raise InvalidTask(f"priority: is {self.priority}; {most}")
        if not 0 <= self.delay_s < 1e9:
            raise InvalidTask(f"delay_s: is {self.delay_s}; give seconds, 0 or more")
        if not 1 <= self.max_attempts <= 1000:
            raise InvalidTask(f"max_attempts: is {self.max_attempts}; give 1 to 1000")
        if self.key and (len(self.key) > MAX_KEY_CHARACTERS or set(self.key) & set("\n ")):
            most = f"give at most {MAX_KEY_CHARACTERS} characters, no blanks or breaks"
            raise InvalidTask(f"key: {most}")

    def arguments(self, context: str = "") -> tuple[Any, ...]:
        """As `queue_submit` takes it. `context`: of a trace, to travel with the task."""
        delay_ms = round(self.delay_s * 1000)
        most = f"{self.max_attempts} {context}" if context else self.max_attempts
        return self.key, self.priority, delay_ms, most, self.payload


class Claim(NamedTuple):
    """A task that a worker holds. `token` is the fence: only with it can the task be ended."""

    id: str
    token: str
    payload: str
    submitted_ms: int
    head: str = ""

    @classmethod
    def of(cls, id: str, token: str, entry: str) -> "Claim":
        """From what a round or a bell says."""
        head, _, payload = entry.partition("\n")
        return cls(id, token, payload, int(head.rpartition(" ")[2]), head)

    @property
    def context(self) -> str:
        """The context of its trace, which came with it; empty if none did."""
        _, _, *context, _ = self.head.split(" ")
        return "".join(context)

    @property
    def attempt(self) -> int:
        """1 the first time."""
        return int(self.token.split(" ", 2)[1])

    @property
    def max_attempts(self) -> int:
        """After so many attempts it is dead."""
        return int(self.token.split(" ", 3)[2])

    @property
    def has_answers(self) -> bool:
        """Whether it asked before, and was answered."""
        return self.token.endswith(" 1")


class Report(NamedTuple):
    """What a worker says of a task that it holds."""

    claim: Claim
    verb: str
    text: str = ""

    @classmethod
    def done(cls, claim: Claim, result: str = "") -> "Report":
        """It is completed."""
        return cls(claim, "done", result)

    @classmethod
    def renew(cls, claim: Claim, progress: str = "") -> "Report":
        """It is being worked on."""
        return cls(claim, "renew", progress)

    @classmethod
    def release(cls, claim: Claim) -> "Report":
        """It was not begun; the attempt doesn't count."""
        return cls(claim, "release")

    @classmethod
    def retry(cls, claim: Claim, error: str, delay_s: float) -> "Report":
        """It failed, and is to be tried again after a while; after the last attempt it is dead."""
        return cls(claim, f"retry {max(round(delay_s * 1000), 0)}", error)

    @classmethod
    def dead(cls, claim: Claim, error: str) -> "Report":
        """It failed for good."""
        return cls(claim, "dead", error)

    @classmethod
    def ask(cls, claim: Claim, question: str) -> "Report":
        """It needs an answer from outside; the lease is given back until then."""
        return cls(claim, "ask", question)

    @property
    def outcome(self) -> State:
        """Where this leaves the task: `submitted`, if it is to be tried again."""
        if self.verb.startswith("retry"):
            return "submitted" if self.claim.attempt < self.claim.max_attempts else "failed"
        return _LEAVES[self.verb]

    @property
    def is_failure(self) -> bool:
        """Whether something went wrong."""
        return self.verb == "dead" or self.verb.startswith("retry")

    def arguments(self) -> tuple[str, str, str, str]:
        """As `queue_round` takes it."""
        return self.claim.id, self.claim.token, self.verb, self.text


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round.

    `lost`: ids of reports that came too late: the worker does not hold these tasks (any more).
    `due_ms`: when something falls due by itself; None: nothing will.
    """

    claims: list[Claim]
    lost: frozenset[str]
    due_ms: int | None

    @classmethod
    def parse(cls, answer: Iterable[Any]) -> "Round":
        """The answer of `queue_round`."""
        lost, due, *flat = answer
        threes = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        return cls(
            [Claim.of(*three) for three in threes], frozenset(lost), due if due >= 0 else None
        )


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where a task is. `text`: the result, the error, the question, or the progress so far.
    `answers`: by question.
    """

    id: str
    state: State
    text: str
    payload: str | None
    attempts: int
    answers: dict[str, str]

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("completed", "failed", "canceled")

    @classmethod
    def parse(cls, id: str, answer: Iterable[str]) -> "TaskState | None":
        """The answer of `queue_look`; None: no such task is known (any more)."""
        where, entry, tries, answers, result = answer
        head, _, text = tries.partition("\n")
        attempts = int(head.split(" ")[0]) if head else 0
        if where:
            payload, said = entry.partition("\n")[2], json.loads(answers or "{}")
            return cls(id, _STATES[where], text, payload, attempts, said)
        if not result:
            return None
        head, _, text = result.partition("\n")
        return cls(id, _STATES[head.split(" ")[0]], text, None, attempts, {})


@dataclass(frozen=True, slots=True)
class QueueAudit:
    """The books of a queue at one moment.

    Of all that were submitted: `waiting` (of these `delayed` fall due later, and `asking` of the
    delayed wait for an answer), `leased`, `completed`, `dead` (of these `discarded` are no longer
    kept), `cancelled`. What happened on the way: `returned` (a lease ended), `retried`,
    `replayed`, `late` (refused: the lease had ended).
    """

    submitted: int
    waiting: int
    delayed: int
    leased: int
    completed: int
    dead: int
    cancelled: int
    asking: int
    discarded: int
    returned: int
    retried: int
    replayed: int
    late: int
    bytes: int
    dead_bytes: int
    result_bytes: int
    results: int
    idle_workers: int
    faults: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether every task is accounted for."""
        return not self.faults

    @classmethod
    def parse(cls, answer: list[Any]) -> "QueueAudit":
        """The answer of `queue_audit`."""
        said = dict(zip(answer[::2], answer[1::2], strict=True))
        kept_dead = said["dead"]
        said |= {
            "leased": said["leases"],
            "dead": kept_dead + said["discarded"],
            "idle_workers": said["idle"],
        }
        names = {field.name for field in fields(cls)} - {"faults"}
        return cls(**{name: said[name] for name in names}, faults=tuple(_faults(said, kept_dead)))


def _faults(said: dict[str, int], kept_dead: int) -> Iterable[str]:
    there = said["waiting"] + said["delayed"] + said["leased"]
    total = there + said["completed"] + said["dead"] + said["cancelled"]
    if total != said["submitted"]:
        yield (
            f"{said['submitted']} were submitted, but {total} are waiting, delayed, leased, "
            "completed, dead or cancelled"
        )
    if said["entries"] != there + kept_dead:
        yield f"{there + kept_dead} tasks have not ended, but {said['entries']} have an entry"
    if said["running"] != said["leases"]:
        yield f"{said['leases']} tasks are leased, but {said['running']} have a holder"
    if said["results"] != said["ended"]:
        yield f"{said['ended']} tasks have ended lately, but {said['results']} have a result"
