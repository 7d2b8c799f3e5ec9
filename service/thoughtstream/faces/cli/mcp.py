"""`thoughtstream mcp`: a mind, and a bus between agents, for any client of MCP."""

import logging
import sys
from typing import Annotated

import typer

from thoughtstream import config
from thoughtstream.config import ConfigError
from thoughtstream.faces.cli import event_loop, exit_codes, logging_setup, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, MindName, examples
from thoughtstream.faces.mcp.grant import SCOPES, Grant

EXAMPLES = examples(
    "thoughtstream mcp --mind ana",
    "thoughtstream mcp --mind ana --allow think,intervene,work --agent alice",
    "thoughtstream mcp --minds 'a*' --allow read",
    "thoughtstream mcp --mind ana --attend",
)


def mcp(
    mind: MindName = DEFAULT_MIND,
    minds: Annotated[
        str | None,
        typer.Option(metavar="GLOBS", help="Instead of one mind: all of these; with commas."),
    ] = None,
    allow: Annotated[
        str, typer.Option(help=f"What the agent may do, with commas: {', '.join(SCOPES)}.")
    ] = "think,work",
    agent: Annotated[
        str | None, typer.Option(metavar="NAME", help="Join the other agents under this name.")
    ] = None,
    attend: Annotated[
        bool, typer.Option("--attend", help="Attend its minds here, where no service does.")
    ] = False,
) -> None:
    """Give an agent a mind and a bus to other agents, over stdin and stdout (MCP).

    A client of MCP starts this by itself. Reading is always allowed. What its agent holds (tasks,
    reservations, its name) is kept while this runs, and given back at its end.
    """
    try:
        settings = config.load()
    except ConfigError as error:
        raise exit_codes.Failed(str(error), exit_codes.BAD_CONFIG) from None
    logging_setup.log_to_stderr(settings.log, logging.WARNING)
    scopes = [scope.strip() for scope in allow.split(",") if scope.strip()]
    if agent is not None:
        scopes.append("work")
    try:
        grant = _grant(mind, minds, scopes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        from thoughtstream.faces.mcp import stdio  # the SDK takes a second to import
    except ModuleNotFoundError as error:
        raise exit_codes.Failed(
            f"{error.name} is not installed; install the extra: pip install 'thoughtstream[mcp]'"
        ) from None
    if sys.stdin.isatty():
        output.say_aside("waiting for a client on stdin; clients start this command by themselves")
    event_loop.run(stdio.serve(settings, grant, attend=attend, agent_name=agent))


def _grant(mind: str, minds: str | None, scopes: list[str]) -> Grant:
    if minds is None:
        return Grant.of_mind(mind, scopes)
    return Grant.of_minds([glob.strip() for glob in minds.split(",")], scopes)
