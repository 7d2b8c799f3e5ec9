"""Minds: all of them, one as it is now, and what its owner does with it as a whole."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from thoughtstream.attention.models import Audit
from thoughtstream.deletion import Deletion
from thoughtstream.faces import overview
from thoughtstream.faces.plain import plain
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import OperateMind, Reader, ReadMind, TheEngine
from thoughtstream.faces.web.names import segment
from thoughtstream.faces.web.order import Place, Sort, place_of
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources import shapes
from thoughtstream.keys import readable
from thoughtstream.memory.importing import Imported

router = APIRouter(prefix="/v1/minds", tags=["minds"])


class Lines(StreamingResponse):
    """Lines of JSON."""

    media_type = "application/x-ndjson"


@router.get("", response_model=shapes.Minds)
async def minds(
    token: Reader,
    engine: TheEngine,
    q: Annotated[str, Query(description="Only minds with this in their name.")] = "",
    sort: Annotated[
        Sort, Query(description="Which come first: in trouble, busy now, or by name.")
    ] = "name",
    after: Annotated[str, Query(description="The place where a page ended, for the next.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> Response:
    """The minds that this token may see. Those that stay where they are come once."""
    redis = await engine.redis()
    behind = _place(after, sort)
    named = {readable(name): name for name in await overview.minds_known(redis)}
    seen = [mind for mind in named if token.may_see(mind) and q.lower() in mind.lower()]
    troubled = await overview.troubled(redis)
    in_play = await overview.in_play(redis, [named[m] for m in seen]) if sort == "busy" else {}
    places = {
        mind: place_of(mind, sort, troubled=troubled, in_play=in_play.get(named[mind], 0))
        for mind in seen
    }
    wanted = sorted((m for m in seen if not behind or places[m] > behind), key=places.__getitem__)
    found = await overview.first_minds(redis, [named[mind] for mind in wanted], limit + 1)
    page = [
        {"name": (name := tile.pop("mind")), "url": url_of(name), **tile}
        | {"trouble": troubled.get(name)}
        for tile in found[:limit]
    ]
    if len(found) <= limit:
        return Answer({"items": page, "next": None})
    last = places[page[-1]["name"]].said(sort)
    more = urlencode({"limit": limit, "q": q, "sort": sort, "after": last})
    return Answer({"items": page, "next": f"/v1/minds?{more}"})


def _place(after: str, sort: Sort) -> Place | None:
    try:
        return Place.of(after, sort) if after else None
    except ValueError as error:
        raise Problem(problems.INVALID, str(error)) from None


@router.get("/{mind}", response_model=shapes.State)
async def state(
    mind: ReadMind, engine: TheEngine, top: Annotated[int, Query(ge=1, le=200)] = 10
) -> Response:
    """A picture of the mind as it is now."""
    found = await mind.state(top=top)
    threshold = engine.settings.streams.forget_threshold
    return Answer({**plain(found), "threshold": threshold})


@router.get("/{mind}/audit", response_model=Audit)
async def audit(mind: ReadMind) -> Response:
    """The conservation of thoughts: the ledger against the keys."""
    found = await mind.audit()
    return Answer({**plain(found), "balanced": found.balanced})


@router.get("/{mind}/windows", response_model=dict[str, int])
async def windows(mind: ReadMind) -> Response:
    """How many thoughts are in each window."""
    return Answer((await mind.state(top=1)).windows)


@router.get("/{mind}/would-forget", response_model=shapes.WouldForget)
async def would_forget(
    mind: ReadMind,
    threshold: Annotated[float, Query(ge=0, le=10)],
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Response:
    """What another threshold would forget of what competes now."""
    count, weakest = await mind.would_forget(threshold, limit=limit)
    return Answer({"count": count, "weakest": weakest})


@router.get("/{mind}/export", response_class=Lines)
async def export(mind: OperateMind) -> Response:
    """All that it remembers and has forgotten, as lines of JSON with a checksum at the end."""

    async def lines() -> AsyncIterator[bytes]:
        async for line in mind.export():
            yield line.encode()

    return Lines(lines())


@router.post("/{mind}/import", response_model=Imported, openapi_extra=shapes.LINES)
async def import_(mind: OperateMind, request: Request) -> Response:
    """Take in an export; what is here already is skipped. Nothing is written unless it is whole."""
    with NamedTemporaryFile() as file:
        async for part in request.stream():
            file.write(part)
        file.flush()
        return Answer(await mind.import_from(Path(file.name)))


@router.delete("/{mind}", response_model=Deletion)
async def delete(mind: OperateMind, confirm: str | None = None, dry_run: bool = False) -> Response:
    """Delete the whole mind: repeat its name in `confirm`, or see what would go with `dry_run`."""
    found = await mind.delete(confirm=confirm, dry_run=dry_run)
    if found.is_empty:
        raise Problem(problems.UNKNOWN, f"{mind.name}: there is no such mind")
    return Answer(found)


def url_of(mind: str, *path: str) -> str:
    """The address of a mind, or of something of it."""
    return "/".join(["/v1/minds", segment(mind), *path])
