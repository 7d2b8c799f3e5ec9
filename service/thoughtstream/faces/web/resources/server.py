"""Redis and what lives on it: nodes, services, the doctor's findings."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from thoughtstream.faces import examination, overview
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Reader, TheEngine

router = APIRouter(prefix="/v1", tags=["server"])


@router.get("/redis", response_model=dict[str, Any])
async def redis(token: Reader, engine: TheEngine) -> Response:
    """Version, memory by domain and nodes."""
    found = await overview.collect_from(await engine.redis(), engine.settings)
    return Answer({**found["redis"], "domains": found["memory"]})


@router.get("/services", response_model=list[dict[str, Any]])
async def services(token: Reader, engine: TheEngine) -> Response:
    """The services that are alive, with their rhythm."""
    return Answer((await overview.collect_from(await engine.redis(), engine.settings))["services"])


@router.get("/doctor", response_model=dict[str, Any])
async def doctor(token: Reader, engine: TheEngine) -> Response:
    """What is wrong with this Redis, each with its cure."""
    findings = await examination.examine_through(await engine.redis(), engine.settings)
    return Answer({"healthy": examination.is_healthy(findings), "findings": findings})
