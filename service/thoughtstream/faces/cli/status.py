"""`thoughtstream status`: what is running."""

from datetime import datetime
from typing import Any

from rich.text import Text

from thoughtstream import config
from thoughtstream.config import Settings
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces import overview
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples

EXAMPLES = examples("thoughtstream status", "thoughtstream status --json")


def status(json: Json = False) -> None:
    """Show Redis, the services that are alive, and all minds.

    Exits with 0 only if Redis answers and a service is alive.
    """
    settings = config.load()
    try:
        found = event_loop.run(overview.collect(settings))
    except RedisUnavailable as error:
        if json:
            output.print_json(_down(settings, error))
        else:
            output.complain(str(error), as_json=False)
        exit_codes.stop(exit_codes.FAILED)
    output.answer(found, json, lambda: show(found))
    if not found["service"]["alive"]:
        exit_codes.stop(exit_codes.FAILED)


def _down(settings: Settings, error: RedisUnavailable) -> dict[str, Any]:
    address = overview.without_password(overview.redis_url(settings))
    return {
        "error": str(error),
        "redis": {"url": address, "embedded": settings.redis.url is None},
        "service": {"alive": False, "count": 0},
        "services": [],
        "memory": [],
        "minds": [],
        "troubles": {"count": 0, "first": []},
    }


def show(found: dict[str, Any]) -> None:
    """Print an overview for a person."""
    redis, print_ = found["redis"], output.stdout.print
    limit = f" of {redis['maxmemory_bytes'] / 2**20:.0f}" if redis["maxmemory_bytes"] else ""
    used = f"{redis['used_bytes'] / 2**20:.1f}{limit} MB used"
    which = "embedded, " if redis["embedded"] else ""
    print_(f"[green]●[/] redis    [cyan]{redis['url']}[/]", soft_wrap=True)
    print_(f"           [dim]{which}version {redis['version']}, {used}[/]")
    for node in redis["nodes"] or []:
        _show_node(node)
    for sample in found["memory"]:
        _show_memory(sample)
    if not found["services"]:
        print_("[red]●[/] service  none is running; start one with [cyan]thoughtstream up[/]")
        if until := found["service"]["attended_until"]:
            print_(f"           [dim]nobody attends since {output.moment(until)}[/]")
    for service in found["services"]:
        print_(f"[green]●[/] service  {service['id']}", soft_wrap=True)
        minds = output.count(service["minds"], "mind")
        print_(f"           [dim]version {service['version']} on {service['host']}, "
               f"process {service['pid']}, {minds}[/]")  # fmt: skip
    _show_troubles(found["troubles"])
    for mind in found["minds"]:
        kinds = ", ".join(f"{_number(n)} {kind}" for kind, n in mind["memories"].items())
        print_(f"  mind     [bold]{mind['mind']}[/]  {_number(mind['competing'])} competing, "
               f"{_number(mind['intervening'])} intervening")  # fmt: skip
        print_(f"           [dim]memories: {kinds}[/]")


def _number(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _show_troubles(troubles: dict[str, Any]) -> None:
    """Minds that pause, and the cure."""
    for one in troubles["first"]:
        tried = output.count(one["tries"], "attempt")
        since = datetime.fromtimestamp(one["since"] / 1000).strftime("%Y-%m-%d %H:%M:%S")
        said = f"{one['mind']}: {one['what']} pauses since {since}, after {tried}: {one['error']}"
        output.stdout.print(Text.assemble(("● ", "red"), "trouble  ", said), soft_wrap=True)
        output.stdout.print(Text(f"           → {one['cure']}", "yellow"), soft_wrap=True)
    if troubles["count"] > len(troubles["first"]):
        more = troubles["count"] - len(troubles["first"])
        output.stdout.print(f"           [dim]and {more:,} more[/]")


def _show_memory(sample: dict[str, Any]) -> None:
    mega = [
        f"{'[yellow]' if one['beyond'] else ''}{name} {one['bytes'] / 2**20:.1f}"
        + (f" of {one['budget_bytes'] / 2**20:.0f}" if one["budget_bytes"] else "")
        + ("[/]" if one["beyond"] else "")
        for name, one in sample["domains"].items()
        if one["keys"]
    ]
    of = f"{sample['node']}: " if sample["node"] else ""
    output.stdout.print(f"  memory   [dim]MB: {of}{', '.join(mega)}[/]")


def _show_node(node: dict[str, Any]) -> None:
    what = f"{node['slots']:,} slots" if node["role"] == "master" else f"of {node['master']}"
    said = f"version {node['version']}, {node['used_bytes'] / 2**20:.1f} MB"
    if not node["alive"]:
        said = "[red]does not answer[/]"
    mark = "[green]●[/]" if node["alive"] else "[red]●[/]"
    output.stdout.print(f"{mark} {node['role']:<8} {node['node']}  [dim]{what}, {said}[/]",
                     soft_wrap=True)  # fmt: skip
