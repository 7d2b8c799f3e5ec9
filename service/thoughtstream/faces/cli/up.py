"""`thoughtstream up`: start the service, and the embedded Redis unless another is configured."""

import logging
from typing import Annotated, Any

import typer

from thoughtstream import config
from thoughtstream.config import Settings
from thoughtstream.faces import overview
from thoughtstream.faces.cli import (
    background,
    event_loop,
    foreground,
    logging_setup,
    output,
    status,
)
from thoughtstream.faces.cli.options import Json, examples, pairs
from thoughtstream.home.home import Home

EXAMPLES = examples(
    "thoughtstream up",
    "thoughtstream up --detach",
    "thoughtstream up --set streams.forget_threshold=0.2 --set streams.cycle_target_ms=20",
)


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Run in the background; return once it is healthy.")
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Override a setting; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Run the service, with an embedded Redis unless `redis.url` is set."""
    overrides = pairs(set_ or [], "--set")
    settings = config.load(**_nested(overrides))
    if detach:
        already = background.start(settings, set_ or [])
        found = event_loop.run(overview.collect(settings))
        output.answer(
            {"already": already, **found}, json, lambda: _welcome(found, settings, already)
        )
    else:
        logging_setup.log_to_stderr(settings.log, logging.INFO)
        foreground.serve(settings, overrides, json)


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
    output.say("[bold]Thoughtstream is {}.[/]\n", "already up" if already else "up")
    status.show(found)
    output.say("  home     {}", output.short(home.path))
    output.say("  log      {}", output.short(home.service_log))
    looks = "open" if found["web"] else "watch"
    output.say(
        "\nNext, in two terminals: [cyan]thoughtstream {}[/] and [cyan]thoughtstream sense[/];\n"
        'or [cyan]thoughtstream think "hello"[/]. To stop: [cyan]thoughtstream down[/]',
        looks,
    )
