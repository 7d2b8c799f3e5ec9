"""JSON values by their keys: the generation cache, and scratch that goes by itself."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body
from pydantic import Field
from starlette.responses import Response

from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Reader, TheColony, Thinker
from thoughtstream.faces.web.names import Named
from thoughtstream.faces.web.problems import Problem

router = APIRouter(prefix="/v1", tags=["values"])

Shelf = Literal["cache", "scratch"]
_NOTHING = object()
_SCRATCH_S = 3600.0


@router.get("/{shelf}/{key}")
async def get(token: Reader, colony: TheColony, shelf: Shelf, key: Named) -> Response:
    """A value."""
    value = await getattr(colony, shelf).get(key, _NOTHING)
    if value is _NOTHING:
        raise Problem(problems.UNKNOWN, f"{key}: is not there (any more)")
    return Answer({"key": key, "value": value})


@router.put("/{shelf}/{key}")
async def put(
    token: Thinker,
    colony: TheColony,
    shelf: Shelf,
    key: Named,
    value: Annotated[Any, Body(embed=True)],
    ttl_s: Annotated[float | None, Body(embed=True), Field(gt=0)] = None,
) -> Response:
    """Keep a value for so long, by default an hour."""
    if shelf == "cache":
        await colony.cache.set(key, value, ttl_s=ttl_s)
    else:
        await colony.scratch.set(key, value, ttl_s=ttl_s or _SCRATCH_S)
    return Answer({"key": key, "value": value})


@router.delete("/{shelf}/{key}", response_model=dict[str, bool])
async def delete(token: Thinker, colony: TheColony, shelf: Shelf, key: Named) -> Response:
    """Delete a value."""
    return Answer({"deleted": bool(await getattr(colony, shelf).delete(key))})
