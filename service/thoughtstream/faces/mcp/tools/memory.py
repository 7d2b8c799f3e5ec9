"""A mind's memory: recall, remember, forgotten, take_back."""

from typing import Annotated

from pydantic import AliasChoices, Field

from thoughtstream.attention.models import Forgotten
from thoughtstream.faces.mcp import uris
from thoughtstream.faces.mcp.fitting import Quoted
from thoughtstream.faces.mcp.request import Request
from thoughtstream.faces.mcp.tool import ADDS, LOOKS, Answer, Arguments, tool
from thoughtstream.faces.mcp.tools.words import Limit, Salience, moment, rounded
from thoughtstream.keys import Kind
from thoughtstream.language.words import Query, stems
from thoughtstream.memory.query import RecallQuery

_PAGE, _PAGES = 500, 4

_Query = Annotated[str, Field(validation_alias=AliasChoices("query", "q", "text"))]


class RecallArguments(Arguments):
    query: _Query
    limit: Limit = 5
    kind: Kind | None = None
    since: Annotated[str | None, Field(description="ISO date or time")] = None
    until: str | None = None


class Recollection(Quoted):
    id: str
    kind: str
    when: str
    who: str | None = None
    score: float


class Recollections(Answer):
    memories: list[Recollection]


@tool("Recall memories", "read", LOOKS)
async def recall(request: Request, asked: RecallArguments) -> Recollections:
    """Recall memories that answer a question. Use before answering about people, places or earlier
    work. It does not search what was forgotten; use `forgotten`."""
    given = asked.model_dump(exclude_none=True)
    found = await request.mind.recall(RecallQuery.of(**given))
    memories = [
        Recollection(
            content=one.content, id=one.id, kind=one.kind, when=moment(one.said_at),
            who=one.speaker, score=rounded(one.score),
        )
        for one in found
    ]  # fmt: skip
    for one in memories:
        one.at(uris.mind(request.mind.name, "memories", one.id))
    return Recollections(memories=memories)


class RememberArguments(Arguments):
    content: str
    kind: Kind | None = None
    idempotency_key: str | None = None


class Remembered(Answer):
    id: str
    durability: str


@tool("Remember for good", "think", ADDS)
async def remember(request: Request, asked: RememberArguments) -> Remembered:
    """Write a memory at once, past the contest of thoughts. Use for what must last: decisions,
    facts, how something is done. It is not for passing notes; use `think`."""
    given = asked.model_dump(exclude_none=True)
    id_ = await request.mind.anchor(**request.source() | given)
    return Remembered(id=id_, durability=request.settings.memory.durability)


class ForgottenArguments(Arguments):
    limit: Limit = 5
    query: Annotated[str | None, _Query] = None


class Lost(Quoted):
    entry: str
    when: str
    why: str


class Losses(Answer):
    forgotten: list[Lost]


@tool("Look at what was forgotten", "read", LOOKS)
async def forgotten(request: Request, asked: ForgottenArguments) -> Losses:
    """Show what was forgotten and why, newest first. Use when `recall` lacks what should be there.
    It brings nothing back; use `take_back`."""
    found = await _forgotten(request, asked)
    return Losses(forgotten=[_lost(request.mind.name, one) for one in found])


async def _forgotten(request: Request, asked: ForgottenArguments) -> list[Forgotten]:
    if not asked.query:
        return await request.mind.forgotten(limit=asked.limit)
    terms = Query.of(asked.query).terms
    found, before = list[tuple[int, Forgotten]](), "+"
    for _ in range(_PAGES):
        page = await request.mind.forgotten(limit=_PAGE, before=before)
        for one in page:
            there = frozenset(stems(one.content))
            if hits := sum(not there.isdisjoint(term.forms) for term in terms):
                found.append((hits, one))
        if len(page) < _PAGE:
            break
        before = page[-1].entry
    found.sort(key=lambda pair: -pair[0])
    return [one for _, one in found[: asked.limit]]


def _lost(mind: str, one: Forgotten) -> Lost:
    why = one.fields.get("reason") or f"scored {one.score:.3g}, under {one.threshold:.3g}"
    lost = Lost(content=one.content, entry=one.entry, when=moment(one.forgotten_at), why=why)
    return lost.at(uris.mind(mind, "forgotten", one.entry))


class TakeBackArguments(Arguments):
    entry: str
    salience: Salience = 0.5


class TakenBack(Answer):
    id: str
    warning: str | None = None


@tool("Take back what was forgotten", "intervene", ADDS)
async def take_back(request: Request, asked: TakeBackArguments) -> TakenBack:
    """Have a forgotten thought compete again. Use with an `entry` of `forgotten`. It may lose
    again; to keep it for certain, use `remember`."""
    id_ = await request.mind.take_back(asked.entry, salience=asked.salience)
    return TakenBack(id=id_, warning=await request.warning())
