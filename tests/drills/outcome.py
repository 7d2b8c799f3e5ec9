"""What an operation did to those who used the cluster: a row of the table."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.drills.book import Book
from tests.drills.clients import Client
from tests.drills.endpoint import Endpoint
from tests.drills.lookup import keys_of, minds_of

TABLE = "what rollouts cost"
"""The property of a test's report that has the table."""
_WIDTH = 130


@dataclass(frozen=True)
class Outcome:
    """One operation under load.

    `acknowledged`, `lost`, `wrong`: of what was promised to survive it: everything in a planned
    operation, else what was anchored with `durability=replicas`. `may_lose`, `did_lose`: the
    rest, which Redis replicates without waiting. `longest_gap_s`: of those who don't wait for a
    replica.
    """

    operation: str
    planned: bool
    seconds: float
    acknowledged: int
    lost: int
    wrong: int
    errors: int
    longest_gap_s: float
    attended: int
    attended_twice: int
    ledger_faults: int
    may_lose: int = 0
    did_lose: int = 0
    details: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing happened that must not."""
        never = (self.lost, self.wrong, self.attended_twice, self.ledger_faults)
        return not any(never) and not (self.planned and self.errors)


def judge(
    operation: str, seconds: float, clients: Sequence[Client], endpoint: Endpoint, home: Path,
    *, planned: bool,
) -> Outcome:  # fmt: skip
    """Looks up everything that was acknowledged."""
    books = {client: client.book for client in clients}
    by_key = [client for client in clients if client.kind == "keys"]
    firm = [client for client in clients if planned or client.kind == "anchors"]
    found = keys_of(by_key, endpoint) + minds_of(
        [client for client in clients if client not in by_key], endpoint, home
    )
    promised = sum(len(book.acknowledged) for book in books.values())
    sworn = {value for client in firm for value in books[client].acknowledged}
    lost = [value for value in found.lost if value in sworn]
    gaps = _gaps(books)
    errors = Counter(f"{c.kind}: {error}" for c, book in books.items() for error in book.errors)
    errors.update(f"{c.kind}: a client hangs" for c, book in books.items() if not book.ended)
    return Outcome(
        operation=operation,
        planned=planned,
        seconds=seconds,
        acknowledged=len(sworn),
        lost=len(lost),
        wrong=len(found.wrong),
        errors=errors.total(),
        longest_gap_s=max(gaps.values()),
        attended=found.attended,
        attended_twice=len(found.attended_twice),
        ledger_faults=len(found.faults),
        may_lose=promised - len(sworn),
        did_lose=len(found.lost) - len(lost),
        details=[
            f"longest gap: {', '.join(f'{gap:.2f} s of {kind}' for kind, gap in gaps.items())}",
            *(f"lost: {value}" for value in lost[:5]),
            *found.faults[:5],
            *(f"{n} times {error}" for error, n in errors.most_common(5)),
        ],
    )


def _gaps(books: Mapping[Client, Book]) -> dict[str, float]:
    """The longest gap of each kind of client that doesn't wait for a replica."""
    gaps: dict[str, float] = {}
    for client, book in sorted(books.items(), key=lambda each: each[0].kind):
        if client.kind != "anchors":
            gaps[client.kind] = max(book.longest_gap_s, gaps.get(client.kind, 0))
    return gaps


def show(outcomes: Sequence[Outcome], console: Console | None = None) -> None:
    """The table."""
    table = Table(
        "operation", "took", "acknowledged", "lost", "wrong", "errors", "longest gap",
        "attended", "twice", "ledger", "",
    )  # fmt: skip
    for column in table.columns[1:-1]:
        column.justify = "right"
    for one in outcomes:
        loose = f" (+{one.may_lose:,})" if one.may_lose else ""
        did_lose = f" (+{one.did_lose:,})" if one.may_lose else ""
        table.add_row(
            one.operation,
            f"{one.seconds:.0f} s",
            f"{one.acknowledged:,}{loose}",
            f"{one.lost:,}{did_lose}",
            f"{one.wrong:,}",
            f"{one.errors:,}",
            f"{one.longest_gap_s:.2f} s",
            f"{one.attended:,}",
            f"{one.attended_twice:,}",
            f"{one.ledger_faults} faults" if one.ledger_faults else "balanced",
            "[green]✓[/]" if one.good else "[bold red]✗[/]",
        )
    console = console or Console(width=_WIDTH)
    console.print(table)
    for one in outcomes:
        for detail in one.details:
            console.print(f"{one.operation}: {detail}", markup=False, soft_wrap=True)


def as_text(outcomes: Sequence[Outcome]) -> str:
    """The table as it is shown, without colours."""
    text = StringIO()
    show(outcomes, Console(file=text, width=_WIDTH))
    return text.getvalue()


def as_json(outcomes: Sequence[Outcome]) -> str:
    """The same for programs."""
    return json.dumps([asdict(one) for one in outcomes], indent=2)
