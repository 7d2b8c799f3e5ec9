"""What the commands of the cache and of temporary state share: JSON values by their keys."""

import json as json_
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from thoughtstream import Colony
from thoughtstream.faces.cli import event_loop, exit_codes, output, style

Value = Annotated[str, typer.Argument(help="JSON; what is none is kept as text.")]

_NOTHING = object()

Ask = Callable[[Colony], Awaitable[Any]]


def parsed(value: str) -> Any:
    """What to keep."""
    try:
        return json_.loads(value)
    except (ValueError, RecursionError):
        return value


def asked(ask: Ask) -> Any:
    """What the colony answers."""

    async def do() -> Any:
        async with Colony.connect() as colony:
            return await ask(colony)

    return event_loop.run(do())


def show(key: str, ask: Callable[[Colony, Any], Awaitable[Any]], json: bool) -> None:
    """Print the value that `ask` finds, given what to return if there is none.

    Raises:
        Failed: there is none.
    """
    value = asked(lambda colony: ask(colony, _NOTHING))
    if value is _NOTHING:
        raise exit_codes.Failed(f"{key}: is not there (any more)")
    shown = style.text(json_.dumps(value, ensure_ascii=False))
    output.answer({"key": key, "value": value}, json, lambda: output.stdout.print(shown))
