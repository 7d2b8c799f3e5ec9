"""What a drill has checked, and the first thing that every drill checks: what was promised."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.table import Table

from tests.drills.book import Book, Note


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


def promises(
    what: str, book: Book, arrived: Iterable[str], may_be_lost: Callable[[Note], bool]
) -> list[Finding]:
    """Every acknowledged value must have arrived, each once, and nothing that nobody sent."""
    found = Counter(arrived)
    lost = [note for value, note in book.acknowledged.items() if value not in found]
    missed = [note.value for note in lost if not may_be_lost(note)]
    allowed = Finding(
        f"{what} lost that were not durable yet", "any", f"{len(lost) - len(missed):,}", True
    )
    return [
        zero(f"acknowledged {what} lost", len(missed), missed[:3]),
        *([allowed] if len(lost) > len(missed) else []),
        zero(f"{what} written twice", sum(n - 1 for n in found.values())),
        zero(f"{what} that nobody wrote", len(found.keys() - book.noted("sent").keys())),
    ]


def table(findings: Iterable[Finding]) -> Table:
    """A row a finding."""
    found = Table("checked", "wanted", "found", "")
    for finding in findings:
        mark = "[green]✓[/]" if finding.good else "[bold red]✗[/]"
        found.add_row(finding.check, finding.wanted, finding.found, mark)
    return found
