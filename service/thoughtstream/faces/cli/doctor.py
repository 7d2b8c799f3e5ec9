"""`thoughtstream doctor`: is this Redis fit to keep a mind?"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.table import Table
from rich.text import Text

from thoughtstream import config, discretion
from thoughtstream.config import Settings
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces import examination, overview
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.foreground import service_lock
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.health.checks import Finding, unreachable
from thoughtstream.home.logins import ends_at_logout

EXAMPLES = examples("thoughtstream doctor", "thoughtstream doctor --json")

_MARKS = {
    "fine": "[green]✓[/]", "notice": "[yellow]![/]", "bad": "[red]✗[/]", "unknown": "[yellow]?[/]",
}  # fmt: skip


def doctor(json: Json = False) -> None:
    """Check Redis: memory, connections, persistence, speed, ACL, notifications, stray keys.

    In a cluster, checks every node. Each problem comes with its cure. Exits with 1 if there is one;
    what is only slow is a notice.
    """
    settings = config.load()
    failed: dict[str, str] = {}
    try:
        findings = event_loop.run(examination.examine(settings))
    except RedisUnavailable as error:
        findings, failed = [unreachable(error)], {"error": str(error)}
    findings = [*_logout(settings), *findings]
    healthy = examination.is_healthy(findings)
    answer = {
        "healthy": healthy,
        "redis": {"url": discretion.shown(overview.redis_url(settings))},
        "findings": findings,
        **failed,
    }
    output.answer(answer, json, lambda: _show(findings))
    if not healthy:
        exit_codes.stop(exit_codes.FAILED)


def _logout(settings: Settings) -> Iterator[Finding]:
    """A mind of one's own that ends when its owner leaves."""
    process = service_lock(settings).process()
    user = ends_at_logout(process.pid) if process else None
    if user:
        found = "systemd ends the mind when you log out, and starts it when you log in"
        cure = f"to have it stay: sudo loginctl enable-linger {user}"
        yield Finding("logout", "notice", found, cure)


def _show(findings: list[Finding]) -> None:
    width = max(len(finding.check) for finding in findings)
    for node, its in groupby(findings, key=lambda finding: finding.node):
        if node:
            output.stdout.print(Text(node, style="bold cyan"))
        output.stdout.print(_table(its, width))


def _table(findings: Iterable[Finding], width: int) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold", width=width)
    table.add_column(overflow="fold")
    for finding in findings:
        found = Text(finding.found)
        if finding.cure:
            found.append(f"\n→ {finding.cure}", style="yellow")
        table.add_row(Text.from_markup(_MARKS[finding.state]), Text(finding.check), found)
    return table
