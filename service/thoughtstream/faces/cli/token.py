"""`thoughtstream token`: who may ask the web process for what."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from thoughtstream import config
from thoughtstream.faces.cli import exit_codes, output, style
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.web import place
from thoughtstream.faces.web.tokens import SCOPES, Scope, Token
from thoughtstream.home.home import Home


def add(
    name: Annotated[str, typer.Argument(help="What or whom it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(SCOPES)}; repeatable.")
    ] = None,
    mind: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Only these minds; repeatable.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="It ends after so many.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a token, and print its secret, which is shown this once.

    Scopes: `read` looks; `think` writes thoughts and memories; `intervene` changes what was
    attended, and forgets; `operate` erases, deletes, exports and imports; `work` is an agent among
    others; `metrics` is for Prometheus. Without any, it may only read.
    """
    scopes = tuple(_scope(given) for given in scope or ["read"])
    settings = config.load()
    Home.at(settings.home).prepare()
    ends = datetime.now(UTC) + timedelta(days=days) if days else None
    if not 1 <= len(name) <= 100:
        raise typer.BadParameter("NAME: has 1 to 100 characters")
    token, secret = place.tokens_of(settings).add(name, scopes, tuple(mind or ["*"]), ends)
    output.answer({"secret": secret, **_described(token)}, json, lambda: output.say("{}", secret))


def list_(json: Json = False) -> None:
    """List all tokens: names, scopes and minds, never secrets."""
    tokens = place.tokens_of(config.load()).all()
    output.answer({"items": [_described(token) for token in tokens]}, json, lambda: _show(tokens))


def remove(
    token: Annotated[str, typer.Argument(help="Its id, or a name.")], json: Json = False
) -> None:
    """Remove a token; whoever has its secret is out at once."""
    gone = place.tokens_of(config.load()).remove(token)
    if not gone:
        raise exit_codes.Failed(
            f"{token}: no token has this id or name: `thoughtstream token list`"
        )
    output.answer(
        {"removed": [_described(one) for one in gone]},
        json,
        lambda: output.say("[green]✓[/] removed {}", output.count(len(gone), "token")),
    )


COMMANDS: dict[Any, str] = {
    add: examples(
        "thoughtstream token add grafana --scope metrics",
        "thoughtstream token add agent --scope read --scope think --mind 'ana*' --days 90",
    ),
    list_: examples("thoughtstream token list --json"),
    remove: examples("thoughtstream token remove agent"),
}


def _scope(given: str) -> Scope:
    for scope in SCOPES:
        if given == scope:
            return scope
    raise typer.BadParameter(f"--scope: is {given!r}; give one of {', '.join(SCOPES)}")


def _described(token: Token) -> dict[str, Any]:
    return token.model_dump(exclude={"sha256"}, mode="json")


def _show(tokens: list[Token]) -> None:
    table = Table.grid(padding=(0, 2))
    for token in tokens:
        minds, scopes = ", ".join(token.minds), ", ".join(token.scopes)
        ends = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else ""
        table.add_row(token.id, style.text(token.name), scopes, style.text(minds), ends)
    output.stdout.print(table)
