"""Memories: asked for, read, made, corrected, and let go; and what sleep merged."""

from typing import Annotated, Any, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from thoughtstream.config import Durability
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import (
    Before,
    IdempotencyKey,
    InterveneMind,
    Limit,
    OperateMind,
    ReadMind,
    TheEngine,
    TheToken,
    ThinkMind,
)
from thoughtstream.faces.web.names import Named, segment
from thoughtstream.faces.web.resources import shapes
from thoughtstream.faces.web.resources.bodies import OwnFields
from thoughtstream.faces.web.resources.minds import url_of
from thoughtstream.keys import Kind
from thoughtstream.memory.letting_go import Erased
from thoughtstream.memory.reading import Whole

router = APIRouter(prefix="/v1/minds/{mind}", tags=["memories"])


class NewMemory(OwnFields):
    """A memory to be made at once, past the contest; names of your own are kept as text."""

    durability: Durability | None = None


class Correction(OwnFields):
    """What is true now, in the place of a memory."""

    elsewhere: ClassVar = {**OwnFields.elsewhere, "by": "is the name of your token"}


@router.post("/memories", status_code=201, response_model=shapes.Anchored)
async def anchor(
    mind: ThinkMind, engine: TheEngine, memory: NewMemory, idempotency_key: IdempotencyKey = None
) -> Response:
    """Make a memory at once; answers when it is as durable as asked."""
    id_ = await mind.anchor(**memory.given(), idempotency_key=idempotency_key)
    durability = memory.durability or engine.settings.memory.durability
    url = url_of(mind.name, "memories", segment(id_))
    return Answer({"id": id_, "url": url, "durability": durability}, 201, {"Location": url})


@router.get("/memories", response_model=shapes.RecalledPage | shapes.MemoryPage)
async def memories(
    mind: ReadMind,
    q: Annotated[str | None, Query(description="A question: what answers it, best first.")] = None,
    kind: Kind | None = None,
    since: str | None = None,
    until: str | None = None,
    on: str | None = None,
    who: str | None = None,
    window: str | None = None,
    source: str | None = None,
    context: Annotated[int, Query(ge=0, le=100)] = 0,
    offset: Annotated[int, Query(ge=0, le=1000)] = 0,
    before: Annotated[str | None, Query(description="The last place of a page.")] = None,
    limit: Limit = 50,
) -> Response:
    """With `q`, what answers it; without, all memories, the newest first."""
    if q is None:
        found = await mind.memories(limit=limit, kind=kind, before=before)
        more = {"kind": kind, "before": found[-1].place} if len(found) == limit else None
        return Answer({"items": found, "next": _next(mind.name, limit, more)})
    options = {"kind": kind, "since": since, "until": until, "on": on, "who": who,
               "window": window, "source": source}  # fmt: skip
    given = {name: value for name, value in options.items() if value is not None}
    best = await mind.recall(q, limit=limit, offset=offset, context=context, **given)  # type: ignore[arg-type]
    further = given | {"q": q, "context": context, "offset": offset + limit}
    is_last = len(best) < limit or offset + limit > 1000
    return Answer({"items": best, "next": _next(mind.name, limit, None if is_last else further)})


def _next(mind: str, limit: int, more: dict[str, Any] | None) -> str | None:
    if more is None:
        return None
    given = {name: value for name, value in more.items() if value is not None}
    return url_of(mind, f"memories?{urlencode({'limit': limit, **given})}")


@router.get("/memories/{memory}", response_model=Whole)
async def memory(mind: ReadMind, memory: Named) -> Response:
    """One memory, with where it is from; by its id or its place."""
    return Answer(await mind.memory(memory))


@router.patch("/memories/{memory}", response_model=shapes.Superseding)
async def supersede(
    mind: InterveneMind, memory: Named, correction: Correction, token: TheToken
) -> Response:
    """Put what is true now in its place; the old one can be taken back."""
    id_ = await mind.supersede(memory, **correction.given(), by=token.name)
    url = url_of(mind.name, "memories", segment(id_))
    return Answer({"id": id_, "url": url, "supersedes": memory})


@router.delete("/memories/{memory}", response_model=shapes.LetGo)
async def forget(mind: InterveneMind, memory: Named, token: TheToken) -> Response:
    """Forget it: it isn't recalled any more, and can be taken back by the entry in the answer."""
    return Answer({"entry": await mind.forget(memory, by=token.name)})


@router.post("/memories/{memory}/erase", response_model=Erased)
async def erase(mind: OperateMind, memory: Named) -> Response:
    """Erase it everywhere, for good; the answer says where its text remains for a while."""
    return Answer(await mind.erase(memory))


@router.get("/merged", response_model=shapes.MergedPage)
async def merged(
    mind: ReadMind,
    limit: Limit = 50,
    before: Before = "+",
) -> Response:
    """What sleep merged into others that say the same, the newest first."""
    found = await mind.merged(limit=limit, before=before)
    last = found[-1].entry if len(found) == limit else None
    more = url_of(mind.name, f"merged?limit={limit}&before={last}")
    return Answer({"items": found, "next": more if last else None})


@router.post("/merged/{entry}/unmerge", status_code=201, response_model=shapes.Made)
async def unmerge(mind: InterveneMind, entry: str) -> Response:
    """Take a merge back: the memory is one of its own again."""
    id_ = await mind.unmerge(entry)
    return Answer({"id": id_, "url": url_of(mind.name, "memories", segment(id_))}, 201)
