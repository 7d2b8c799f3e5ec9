"""`thoughtstream cache …`: results that were expensive to compute."""

import json as json_
from collections.abc import Callable
from typing import Annotated, Any

import typer

from thoughtstream import Colony
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import Json, examples

Key = Annotated[str, typer.Argument(help="Its name; in Redis `deepcode:cache:KEY`.")]

_NOTHING = object()


def get(key: Key, json: Json = False) -> None:
    """Print a value as JSON; exits with 1 if there is none."""

    async def do() -> Any:
        async with Colony.connect() as colony:
            return await colony.cache.get(key, _NOTHING)

    value = event_loop.run(do())
    if value is _NOTHING:
        raise exit_codes.Failed(f"{key}: is not in the cache (any more)")
    text = json_.dumps(value, ensure_ascii=False)
    shown = style.text(text)
    output.answer({"key": key, "value": value}, json, lambda: output.stdout.print(shown))


def set_(
    key: Key,
    value: Annotated[str, typer.Argument(help="JSON; what is none is kept as text.")],
    ttl: Annotated[float | None, typer.Option(help="Seconds; by default cache.ttl_s.")] = None,
    json: Json = False,
) -> None:
    """Keep a value, for an hour by default."""
    try:
        kept = json_.loads(value)
    except (ValueError, RecursionError):
        kept = value

    async def do() -> None:
        async with Colony.connect() as colony:
            await colony.cache.set(key, kept, ttl_s=ttl)

    event_loop.run(do())
    _done({"key": key, "value": kept}, "kept", key, json)


def delete(key: Key, json: Json = False) -> None:
    """Delete a value; whoever computes it just now is too late."""

    async def do() -> None:
        async with Colony.connect() as colony:
            await colony.cache.delete(key)

    event_loop.run(do())
    _done({"key": key, "deleted": True}, "deleted", key, json)


def _done(said: dict[str, object], what: str, which: str, json: bool) -> None:
    def show() -> None:
        output.stdout.print(f"[green]✓[/] {what}", style.text(which))

    output.answer(said, json, show)


set_.__name__ = "set"

COMMANDS: dict[Callable[..., Any], str] = {
    get: examples("thoughtstream cache get summary", "thoughtstream cache get summary --json"),
    set_: examples(
        """thoughtstream cache set summary '{"lines": 12}'""",
        "thoughtstream cache set note soon --ttl 60",
    ),
    delete: examples("thoughtstream cache delete summary"),
}
