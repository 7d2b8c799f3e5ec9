"""Sleeps: begun here, and told of while they go on and for a week after."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import OperateMind, ReadMind, TheEngine
from thoughtstream.faces.web.names import Named
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources.minds import url_of
from thoughtstream.faces.web.sleepers import Sleepers
from thoughtstream.memory.consolidation import read_session
from thoughtstream.memory.sleep import SleepReport, moves_of
from thoughtstream.store.connection import typed_errors

router = APIRouter(prefix="/v1/minds/{mind}/sleeps", tags=["sleeps"])


class Begun(BaseModel):
    """A sleep that has begun; `url` tells of it."""

    session: str
    url: str


class Slept(BaseModel):
    """A sleep, and what it has done so far. `asleep`: it goes on; `interrupted`: the next sleep
    resumes it; `over`: it is complete. `started_at`: ms of the server's clock.
    """

    session: str
    state: Literal["asleep", "interrupted", "over"]
    started_at: int
    replayed: list[dict[str, Any]]
    merged: list[dict[str, Any]]
    distilled: list[dict[str, Any]]


@router.post(
    "",
    status_code=202,
    response_model=Begun,
    responses={200: {"model": SleepReport, "description": "What it would do (`dry_run`)."}},
)
async def sleep(mind: OperateMind, request: Request, dry_run: bool = False) -> Response:
    """Consolidate memory, or resume that; `dry_run`: say what it would do, and change nothing."""
    if dry_run:
        return Answer(await mind.sleep(dry_run=True))
    sleepers: Sleepers = request.app.state.sleepers
    session = await sleepers.begin(mind)
    url = url_of(mind.name, "sleeps", session)
    return Answer({"session": session, "url": url}, 202, {"Location": url})


@router.get("/{session}", response_model=Slept)
async def slept(mind: ReadMind, engine: TheEngine, session: Named) -> Response:
    """How a sleep stands, and what it has done."""
    found = None
    if session.isdecimal():
        with typed_errors():
            found = await read_session(await engine.redis(), mind.name, session)
    if found is None:
        raise Problem(problems.UNKNOWN, f"{session}: is no sleep of this mind (any more)")
    state, started_at, record = found
    told = {"session": session, "state": state, "started_at": started_at}
    return Answer(told | moves_of(record))
