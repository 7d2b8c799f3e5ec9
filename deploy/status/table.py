"""The table that a person reads. Pure, but for the clock that it is given."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click

from deploy.status.host_status import HostStatus

_SOON = timedelta(days=21)
_OLD = timedelta(days=2)
_HEADS = ("HOST", "RUNTIME", "HEALTH", "REDIS", "NEWER", "DEPLOY.STACK", "BACKUP", "CERTIFICATE")
_Cell = tuple[str, str | None]


def table(found: Sequence[HostStatus], now: datetime) -> list[str]:
    """Lines in columns; what somebody should look at has a colour."""
    rows: list[list[_Cell]] = [
        [(head, "bright_black") for head in _HEADS],
        *(_row(each, now) for each in found),
    ]
    widths = [max(len(text) for text, _ in column) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(_painted(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, *(line for each in found for line in _details(each))]


def _row(each: HostStatus, now: datetime) -> list[_Cell]:
    colour = "green" if each.is_well else "yellow" if each.health == "not deployed" else "red"
    changes = "?" if each.differs is None else f"{each.differs} to do" if each.differs else "-"
    return [
        (each.host, None),
        (each.runtime, None),
        (each.health, colour),
        (", ".join(each.redis) or "-", None),
        _newer(each),
        (changes, "yellow" if each.differs else None),
        _backup(each, now),
        _certificate(each.certificate_ends, now),
    ]


def _newer(each: HostStatus) -> _Cell:
    if each.newer:
        return f"{len(each.newer)}", "yellow"
    return "?" if each.not_asked else "-", None


def _backup(each: HostStatus, now: datetime) -> _Cell:
    made = each.backup
    if made is None:
        return "none", "yellow"
    how = ", encrypted" if each.backup_encrypted else ""
    age = max(now - made, timedelta())  # the clock may have been set back since
    return f"{_about(age)} ago{how}", "yellow" if age > _OLD else None


def _certificate(ends: datetime | None, now: datetime) -> _Cell:
    if ends is None:
        return "-", None
    if ends <= now:
        return "ENDED", "red"
    return f"ends in {_about(ends - now)}", "yellow" if ends - now < _SOON else None


def _details(each: HostStatus) -> Iterator[str]:
    for line in each.problems:
        yield click.style(f"  {each.host}: {line}", fg="red")
    for line in each.newer:
        yield f"  {each.host}: newer: {line}; deploy.upgrade brings it"
    for image in each.images:
        untold = "" if "@" in image else " (no digest: it did not come from a registry)"
        yield f"  {each.host}: image {image}{untold}"
    if each.not_asked:
        images = ", ".join(each.not_asked)
        yield f"  {each.host}: no registry answered for {images}; deploy.upgrade pulls them"


def _about(span: timedelta) -> str:
    hours = int(span.total_seconds() // 3600)
    if hours >= 48:
        return f"{hours // 24} days"
    return f"{hours} h" if hours else f"{int(span.total_seconds() // 60)} min"


def _painted(cell: _Cell, width: int) -> str:
    text, colour = cell
    return click.style(text.ljust(width), fg=colour) if colour else text.ljust(width)
