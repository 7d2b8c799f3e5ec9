"""`thoughtstream doctor`: is this Redis fit to keep a mind?"""

from collections.abc import Iterable
from itertools import groupby

from redis.exceptions import ResponseError
from rich.table import Table
from rich.text import Text

from thoughtstream import config, discretion
from thoughtstream.attention.attention import LIBRARY
from thoughtstream.config import ConfigError, Settings
from thoughtstream.coordination import library as agents
from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces import overview
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.health import sampler
from thoughtstream.health.checks import Finding, unreachable
from thoughtstream.health.nodes import Wanted, examine_all
from thoughtstream.health.troubles import CHECK, examine_minds
from thoughtstream.memory import consolidation
from thoughtstream.store.client import Client
from thoughtstream.store.connection import open_client, typed_errors

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
        findings = event_loop.run(_examine(settings))
    except RedisUnavailable as error:
        findings, failed = [unreachable(error)], {"error": str(error)}
    healthy = all(finding.state != "bad" for finding in findings)
    answer = {
        "healthy": healthy,
        "redis": {"url": discretion.shown(overview.redis_url(settings))},
        "findings": findings,
        **failed,
    }
    output.answer(answer, json, lambda: _show(findings))
    if not healthy:
        exit_codes.stop(exit_codes.FAILED)


async def _examine(settings: Settings) -> list[Finding]:
    url = overview.redis_url(settings)
    redis = await open_client(settings.redis, url)
    later = [consolidation.LIBRARY, agents.LIBRARY, sampler.LIBRARY]
    wanted = Wanted([LIBRARY], later, settings.budgets, private_socket=settings.redis.url is None)
    try:
        with typed_errors():
            return [await _minds(redis), *await examine_all(redis, wanted)]
    finally:
        await redis.aclose()


async def _minds(redis: Client) -> Finding:
    try:
        services = await alive_services(redis)
    except ConfigError:
        return Finding(CHECK, "unknown", "this user may not ask the services; check as service")
    except ResponseError as error:
        return Finding(CHECK, "unknown", f"the services can't be asked: {error}")
    return examine_minds(found.about for found in services)


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
