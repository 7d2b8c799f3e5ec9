"""`thoughtstream scratch …`: temporary state, which goes by itself."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from thoughtstream.faces.cli import output, values
from thoughtstream.faces.cli.options import Json, examples

Key = Annotated[str, typer.Argument(help="Its name; in Redis `deepcode:scratch:KEY`.")]


def get(key: Key, json: Json = False) -> None:
    """Print a value as JSON; exits with 1 if there is none."""
    values.show(key, lambda colony, default: colony.scratch.get(key, default), json)


def set_(
    key: Key,
    value: values.Value,
    ttl: Annotated[float, typer.Option(help="Seconds, a day at most.")] = 3600,
    json: Json = False,
) -> None:
    """Keep a value for some time; if Redis is full, it may go before."""
    kept = values.parsed(value)
    values.asked(lambda colony: colony.scratch.set(key, kept, ttl_s=ttl))
    output.done({"key": key, "value": kept}, json, "kept", key)


def delete(key: Key, json: Json = False) -> None:
    """Delete a value."""
    was_there = values.asked(lambda colony: colony.scratch.delete(key))
    output.done({"key": key, "deleted": was_there}, json, "deleted", key)


set_.__name__ = "set"

COMMANDS: dict[Callable[..., Any], str] = {
    get: examples("thoughtstream scratch get plan", "thoughtstream scratch get plan --json"),
    set_: examples("""thoughtstream scratch set plan '["read", "write"]' --ttl 600"""),
    delete: examples("thoughtstream scratch delete plan"),
}
