"""`thoughtstream status`: what is running."""

from typing import Any

from thoughtstream import config, discretion
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
    address = discretion.shown(overview.redis_url(settings))
    return {
        "error": str(error),
        "redis": {"url": address, "embedded": settings.redis.url is None},
        "service": {"alive": False, "count": 0},
        "services": [],
        "memory": [],
        "minds": [],
    }


def show(found: dict[str, Any]) -> None:
    """Print an overview for a person."""
    redis, say = found["redis"], output.say
    limit = f" of {redis['maxmemory_bytes'] / 2**20:.0f}" if redis["maxmemory_bytes"] else ""
    used = f"{redis['used_bytes'] / 2**20:.1f}{limit} MB used"
    which = "embedded, " if redis["embedded"] else ""
    say("[green]●[/] redis    [cyan]{}[/]", redis["url"])
    say("           [dim]{}version {}, {}[/]", which, redis["version"], used)
    for node in redis["nodes"] or []:
        _show_node(node)
    for sample in found["memory"]:
        _show_memory(sample)
    if not found["services"]:
        say("[red]●[/] service  none is running; start one with [cyan]thoughtstream up[/]")
    for service in found["services"]:
        say("[green]●[/] service  {}", service["id"])
        minds = output.count(service["minds"], "mind")
        where = (service["version"], service["host"], service["pid"], minds)
        say("           [dim]version {} on {}, process {}, {}[/]", *where)
    for mind in found["minds"]:
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in mind["memories"].items())
        now = f"{mind['competing']:,} competing, {mind['intervening']:,} intervening"
        say("  mind     [bold]{}[/]  {}", mind["mind"], now)
        say("           [dim]memories: {}[/]", kinds)


def _show_memory(sample: dict[str, Any]) -> None:
    mega = [
        f"{'[yellow]' if one['beyond'] else ''}{name} {one['bytes'] / 2**20:.1f}"
        + (f" of {one['budget_bytes'] / 2**20:.0f}" if one["budget_bytes"] else "")
        + ("[/]" if one["beyond"] else "")
        for name, one in sample["domains"].items()
        if one["keys"]
    ]
    of = f"{sample['node']}: " if sample["node"] else ""
    output.say(f"  memory   [dim]MB: {{}}{', '.join(mega)}[/]", of, soft_wrap=False)


def _show_node(node: dict[str, Any]) -> None:
    what = f"{node['slots']:,} slots" if node["role"] == "master" else f"of {node['master']}"
    said = f"version {node['version']}, {node['used_bytes'] / 2**20:.1f} MB"
    line = "[green]●[/] {} {}  [dim]{}, {}[/]"
    if not node["alive"]:
        line, said = "[red]●[/] {} {}  [dim]{}, [red]{}[/][/]", "does not answer"
    output.say(line, f"{node['role']:<8}", node["node"], what, said)
