"""`thoughtstream up` and `down`: the service, and the embedded Redis where no other is set."""

import logging
from typing import Annotated, Any

import typer

from thoughtstream import config
from thoughtstream.config import ConfigError, Settings
from thoughtstream.faces import overview
from thoughtstream.faces.cli import background, common, foreground, status
from thoughtstream.faces.cli.common import Json
from thoughtstream.faces.cli.think import pairs
from thoughtstream.home.home import Home

EXAMPLES = common.examples(
    "thoughtstream up",
    "thoughtstream up --detach",
    "thoughtstream up --set streams.forget_threshold=0.2 --set streams.cycle_target_ms=20",
)
DOWN_EXAMPLES = common.examples("thoughtstream down")


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Start in the background; return when healthy.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Run the service, and an embedded Redis unless `redis.url` names another."""
    try:
        settings = config.load(**_nested(pairs(set_ or [], "--set")))
    except ConfigError as error:
        raise common.Failed(str(error), common.BAD_CONFIG) from None
    if detach:
        already = background.start(settings, set_ or [])
        found = common.run(overview.look(settings))
        common.answer(
            {"already": already, **found}, json, lambda: _welcome(found, settings, already)
        )
    else:
        common.log_to_stderr(settings.log, logging.INFO)
        foreground.serve(settings, json)


def down(json: Json = False) -> None:
    """Stop the service and the embedded Redis; everything is on the disk before it returns."""
    settings = config.load()
    stopped = background.stop(settings)
    answer = {"service": stopped.service, "redis": stopped.redis}
    common.answer(answer, json, lambda: _goodbye(answer))


def _nested(settings: dict[str, str]) -> dict[str, Any]:
    """{"streams.batch": "5"} as {"streams": {"batch": "5"}}."""
    nested: dict[str, Any] = {}
    for name, value in settings.items():
        *sections, last = name.split(".")
        at = nested
        for section in sections:
            at = at.setdefault(section, {})
        at[last] = value
    return nested


def _welcome(found: dict[str, Any], settings: Settings, already: bool) -> None:
    home = Home.at(settings.home)
    common.out.print(f"[bold]Thoughtstream is {'up already' if already else 'up'}.[/]\n")
    status.show(found)
    common.out.print(f"  home     {common.short(home.path)}", soft_wrap=True)
    common.out.print(f"  log      {common.short(home.service_log)}", soft_wrap=True)
    common.out.print(
        "\nNext, in two terminals: [cyan]thoughtstream watch[/] and [cyan]thoughtstream sense[/];\n"
        'or [cyan]thoughtstream think "hello"[/]. To stop: [cyan]thoughtstream down[/]'
    )


def _goodbye(stopped: dict[str, bool]) -> None:
    names = [name for name, was in stopped.items() if was]
    common.out.print(f"stopped: {' and '.join(names)}" if names else "nothing was running")
