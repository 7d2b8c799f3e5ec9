"""What others ask to know whether we live (`/healthz`) and serve (`/readyz`)."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from thoughtstream.coordination.membership import alive_services
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import TheEngine

router = APIRouter(tags=["probes"])


class Alive(BaseModel):
    alive: bool


class Ready(BaseModel):
    """`services`: how many attend."""

    ready: Literal[True]
    services: int


class NotReady(BaseModel):
    """`missing`: what is, and the cure."""

    ready: Literal[False]
    missing: str


class KindOfProblem(BaseModel):
    """A kind of problem. `says`: when it is met."""

    name: str
    status: int
    title: str
    says: str


@router.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """This process lives."""
    return Answer({"alive": True})


@router.get(
    "/readyz",
    response_model=Ready,
    responses={503: {"model": NotReady, "description": "What is missing."}},
)
async def readyz(engine: TheEngine) -> Response:
    """Redis answers and a service attends; 503 names what is missing."""
    try:
        redis = await engine.redis()
        services = len(await alive_services(redis))
    except ThoughtstreamError as error:
        return Answer({"ready": False, "missing": str(error)}, 503)
    if not services:
        return Answer({"ready": False, "missing": "no service attends: `thoughtstream up`"}, 503)
    return Answer({"ready": True, "services": services})


@router.get("/problems/{name}", response_model=KindOfProblem)
async def problem(name: str) -> Response:
    """What a kind of problem means."""
    kind = problems.ALL.get(name)
    if kind is None:
        raise problems.Problem(problems.UNKNOWN, f"{name}: is no kind of problem")
    return Answer({"name": name, "status": kind.status, "title": kind.title, "says": kind.says})
