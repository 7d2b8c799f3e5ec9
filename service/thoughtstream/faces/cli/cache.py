"""`thoughtstream cache …`: results that were expensive to compute."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from thoughtstream.faces.cli import output, values
from thoughtstream.faces.cli.options import Json, examples

Key = Annotated[str, typer.Argument(help="Its name; in Redis `deepcode:cache:KEY`.")]


def get(key: Key, json: Json = False) -> None:
    """Print a value as JSON; exits with 1 if there is none."""
    values.show(key, lambda colony, default: colony.cache.get(key, default), json)


def set_(
    key: Key,
    value: values.Value,
    ttl: Annotated[float | None, typer.Option(help="Seconds; by default cache.ttl_s.")] = None,
    json: Json = False,
) -> None:
    """Keep a value, for an hour by default."""
    kept = values.parsed(value)
    values.asked(lambda colony: colony.cache.set(key, kept, ttl_s=ttl))
    output.done({"key": key, "value": kept}, json, "kept", key)


def delete(key: Key, json: Json = False) -> None:
    """Delete a value; whoever computes it just now is too late."""
    values.asked(lambda colony: colony.cache.delete(key))
    output.done({"key": key, "deleted": True}, json, "deleted", key)


set_.__name__ = "set"

COMMANDS: dict[Callable[..., Any], str] = {
    get: examples("thoughtstream cache get summary", "thoughtstream cache get summary --json"),
    set_: examples(
        """thoughtstream cache set summary '{"lines": 12}'""",
        "thoughtstream cache set note soon --ttl 60",
    ),
    delete: examples("thoughtstream cache delete summary"),
}
