"""A mind's attention: think, attention, intervene, status."""

from typing import Annotated, Literal

from pydantic import Field

from thoughtstream.attention.models import Action, Attended
from thoughtstream.attention.state import Candidate
from thoughtstream.coordination.membership import alive_services
from thoughtstream.faces import overview
from thoughtstream.faces.mcp import uris
from thoughtstream.faces.mcp.fitting import Quoted
from thoughtstream.faces.mcp.request import Request
from thoughtstream.faces.mcp.tool import ADDS, CHANGES, LOOKS, Answer, Arguments, tool
from thoughtstream.faces.mcp.tools.words import Limit, Salience, moment, rounded
from thoughtstream.keys import STANDARD_WINDOWS


class ThinkArguments(Arguments):
    content: str
    window: str = STANDARD_WINDOWS[0]
    salience: Salience = 0.5
    source: str | None = None


class Thought(Answer):
    id: str
    warning: str | None = None


@tool("Think a thought", "think", ADDS)
async def think(request: Request, asked: ThinkArguments) -> Thought:
    """Write a thought, which competes with others and may be forgotten. Use for what you notice:
    the higher `salience`, the likelier it is attended. For what must last, use `remember`."""
    given = asked.model_dump(exclude_none=True)
    id_ = await request.mind.think(**request.source() | given)
    return Thought(id=id_, warning=await request.warning())


class AttentionArguments(Arguments):
    limit: Limit = 5


class Seen(Quoted):
    id: str
    window: str
    score: float
    state: Literal["attended", "changeable", "competes"]
    closes_in_s: float | None = None


class Picture(Answer):
    thoughts: list[Seen]
    competing: int
    warning: str | None = None


@tool("Look at attention", "read", LOOKS)
async def attention(request: Request, asked: AttentionArguments) -> Picture:
    """Show what the mind attends to (first), what can still be changed, and what competes. Use
    before `intervene`, or to see what matters now. It is not memory; use `recall`."""
    state = await request.mind.state(top=asked.limit)
    name = request.mind.name
    open_ = [one for one in reversed(state.intervening) if one.encode_at > state.now_ms]
    won = {one.id: one for one in (*state.attended[:1], *open_[: asked.limit])}
    thoughts = [_seen(name, one, state.now_ms) for one in won.values()]
    thoughts += [_competes(name, one) for one in state.contest]
    return Picture(thoughts=thoughts, competing=state.competing, warning=await request.warning())


def _seen(mind: str, one: Attended, now_ms: int) -> Seen:
    left_ms = one.encode_at - now_ms
    found = Seen(
        content=one.content, id=one.id, window=one.window, score=rounded(one.score),
        state="changeable" if left_ms > 0 else "attended",
        closes_in_s=left_ms / 1000 if left_ms > 0 else None,
    )  # fmt: skip
    return found.at(uris.mind(mind, "attended"))


def _competes(mind: str, one: Candidate) -> Seen:
    score = rounded(one.strength)
    found = Seen(content=one.content, id=one.id, window=one.window, score=score, state="competes")
    return found.at(uris.mind(mind, "windows", one.window))


class InterveneArguments(Arguments):
    thought: Annotated[str, Field(description="id from `attention`")]
    action: Action
    content: str | None = None
    salience: Salience | None = None


class Intervened(Answer):
    id: str
    closes_at: str


@tool("Change an attended thought", "intervene", CHANGES)
async def intervene(request: Request, asked: InterveneArguments) -> Intervened:
    """Change an attended thought within its five seconds: veto it, reframe its content, boost its
    salience, or restore a vetoed one. Use with an id of `attention`. It changes no memory."""
    change = asked.model_dump(include={"content", "salience"}, exclude_none=True)
    by = request.by or "mcp"
    closes_at = await request.mind.intervene(asked.thought, asked.action, by=by, **change)
    return Intervened(id=asked.thought, closes_at=moment(closes_at))


class StatusArguments(Arguments):
    pass


class Status(Answer):
    attended: bool
    competing: int
    intervening: int
    unread: int
    memories: int
    balanced: bool
    cycles_per_s: float | None
    used_bytes: int
    maxmemory_bytes: int
    faults: list[str] | None = None
    warning: str | None = None


@tool("How the mind is", "read", LOOKS)
async def status(request: Request, asked: StatusArguments) -> Status:
    """Say whether the mind is attended, how full and how fast it is, and whether every thought is
    accounted for. Use when answers look wrong. For what it thinks, use `attention`."""
    audit = await request.mind.audit()
    services = await alive_services(request.redis)
    totals = await overview.redis_totals(request.redis)
    rates = [one.about["rhythm"]["cycles_per_s"] for one in services if one.about.get("rhythm")]
    return Status(
        attended=bool(services),
        competing=audit.competing,
        intervening=audit.intervening,
        unread=audit.unread,
        memories=audit.memories,
        balanced=audit.balanced,
        cycles_per_s=rounded(sum(rates)) if rates else None,
        used_bytes=totals["used_bytes"],
        maxmemory_bytes=totals["maxmemory_bytes"],
        faults=audit.faults or None,
        warning=await request.warning(),
    )
