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
        "web": overview.web_of(settings),
        "troubles": {"count": 0, "first": []},
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
        if until := found["service"]["attended_until"]:
            say("           [dim]nobody attends since {}[/]", output.moment(until))
    for service in found["services"]:
        say("[green]●[/] service  {}", service["id"])
        minds = output.count(service["minds"], "mind")
        where = (service["version"], service["host"], service["pid"], minds)
        say("           [dim]version {} on {}, process {}, {}[/]", *where)
        _show_rhythm(service["rhythm"])
    if found["web"]:
        say("[green]●[/] page     [cyan]{}[/]", found["web"]["url"])
    _show_troubles(found["troubles"])
    for mind in found["minds"]:
        kinds = ", ".join(f"{_number(n)} {kind}" for kind, n in mind["memories"].items())
        now = f"{_number(mind['competing'])} competing, {_number(mind['intervening'])} intervening"
        say("  mind     [bold]{}[/]  {}", mind["mind"], now)
        say("           [dim]memories: {}[/]", kinds)


def _number(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


def _show_troubles(troubles: dict[str, Any]) -> None:
    """Minds that pause, and the cure."""
    for one in troubles["first"]:
        tried, since = output.count(one["tries"], "attempt"), output.moment(one["since"])
        what = (one["mind"], one["what"], since, tried, one["error"])
        output.say("[red]●[/] trouble  {}: {} pauses since {}, after {}: {}", *what)
        output.say("           [yellow]→ {}[/]", one["cure"])
    if troubles["count"] > len(troubles["first"]):
        more = troubles["count"] - len(troubles["first"])
        output.say("           [dim]and {} more[/]", f"{more:,}")


def _show_rhythm(rhythm: dict[str, float] | None) -> None:
    if not rhythm:
        return
    said = [f"{rhythm['cycles_per_s']:,.1f} cycles/s"]
    if rhythm["cycle_p50_ms"] is not None:
        said += [f"p50 {rhythm['cycle_p50_ms']:,.1f} ms, p99 {rhythm['cycle_p99_ms']:,.1f} ms"]
    if rhythm["loop_delay_ms"] is not None:
        said += [f"loop delay {rhythm['loop_delay_ms']:,.1f} ms"]
    output.say("           [dim]{}[/]", ", ".join(said))


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
