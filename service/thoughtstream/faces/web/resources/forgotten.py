"""The forgotten: what lost, or was let go, and how it comes back."""

from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Before, InterveneMind, Limit, ReadMind
from thoughtstream.faces.web.names import segment
from thoughtstream.faces.web.resources import shapes
from thoughtstream.faces.web.resources.minds import url_of

router = APIRouter(prefix="/v1/minds/{mind}/forgotten", tags=["forgotten"])


@router.get("", response_model=shapes.ForgottenPage)
async def forgotten(
    mind: ReadMind,
    limit: Limit = 50,
    before: Before = "+",
) -> Response:
    """What was forgotten, when and why, the newest first."""
    found = await mind.forgotten(limit=limit, before=before)
    last = found[-1].entry if len(found) == limit else None
    more = url_of(mind.name, f"forgotten?limit={limit}&before={last}")
    return Answer({"items": found, "next": more if last else None})


@router.post("/{entry}/take-back", status_code=201, response_model=shapes.Made)
async def take_back(
    mind: InterveneMind,
    entry: str,
    salience: Annotated[float, Body(embed=True, strict=True, ge=0, le=1)] = 0.5,
) -> Response:
    """Have it compete again; what was a memory is one again."""
    id_ = await mind.take_back(entry, salience=salience)
    return Answer({"id": id_, "url": url_of(mind.name, "thoughts", segment(id_))}, 201)
