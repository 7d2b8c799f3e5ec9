"""JSON values by their keys: the generation cache, and scratch that goes by itself."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field
from starlette.responses import Response

from thoughtstream.coordination.cache import GenerationCache, Scratch
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Onlooker, TheColony, Worker
from thoughtstream.faces.web.names import Named
from thoughtstream.faces.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["values"])

_NOTHING = object()
_SCRATCH_S = 3600.0

Value = Annotated[Any, Body(embed=True)]
Seconds = Annotated[float | None, Body(embed=True), Field(strict=True, gt=0, le=1e9)]


class Kept(BaseModel):
    """A value and its key."""

    key: str
    value: Any


@router.get("/cache/{key}", response_model=Kept)
async def cached(token: Onlooker, colony: TheColony, key: Named) -> Response:
    """What was computed under this key."""
    return await _get(colony.cache, key)


@router.put("/cache/{key}", response_model=Kept)
async def cache(
    token: Worker, colony: TheColony, key: Named, value: Value, ttl_s: Seconds = None
) -> Response:
    """Keep what was computed, by default for an hour (cache.ttl_s)."""
    kept = Answer({"key": key, "value": value})  # what can't be answered is not kept
    await colony.cache.set(key, value, ttl_s=ttl_s)
    return kept


@router.delete("/cache/{key}", response_model=dict[str, bool])
async def uncache(token: Worker, colony: TheColony, key: Named) -> Response:
    """Delete it; whoever computes it just now is too late."""
    return Answer({"deleted": await colony.cache.delete(key)})


@router.get("/scratch/{key}", response_model=Kept)
async def jotted(token: Onlooker, colony: TheColony, key: Named) -> Response:
    """What was jotted down under this key."""
    return await _get(colony.scratch, key)


@router.put("/scratch/{key}", response_model=Kept)
async def jot(
    token: Worker, colony: TheColony, key: Named, value: Value, ttl_s: Seconds = _SCRATCH_S
) -> Response:
    """Jot down a value; it goes by itself, by default in an hour."""
    kept = Answer({"key": key, "value": value})
    await colony.scratch.set(key, value, ttl_s=ttl_s or _SCRATCH_S)
    return kept


@router.delete("/scratch/{key}", response_model=dict[str, bool])
async def strike(token: Worker, colony: TheColony, key: Named) -> Response:
    """Delete it."""
    return Answer({"deleted": await colony.scratch.delete(key)})


async def _get(shelf: GenerationCache | Scratch, key: str) -> Response:
    value = await shelf.get(key, _NOTHING)
    if value is _NOTHING:
        raise Problem(problems.UNKNOWN, f"{key}: is not there (any more)")
    return Answer({"key": key, "value": value})
