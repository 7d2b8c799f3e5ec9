"""Redis and what lives on it: nodes, services, the doctor's findings."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from thoughtstream.faces import examination, overview
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Reader, TheEngine
from thoughtstream.health.checks import Finding
from thoughtstream.health.troubles import CHECK


class Examined(BaseModel):
    """What the doctor found."""

    healthy: bool
    findings: list[Finding]


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


@router.get("/doctor", response_model=Examined)
async def doctor(token: Reader, engine: TheEngine) -> Response:
    """What is wrong with this Redis, each with its cure. Minds in trouble are named to those only
    who may see all.
    """
    findings = await examination.examine_through(await engine.redis(), engine.settings)
    if not token.sees_all:
        findings = [one for one in findings if one.check != CHECK]
    return Answer({"healthy": examination.is_healthy(findings), "findings": findings})
