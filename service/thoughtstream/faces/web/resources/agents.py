"""Agents: who works on this Redis, what they write to each other, and what they reserve."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from thoughtstream.coordination.agents import AgentStatus, inbox_of
from thoughtstream.coordination.membership import SKILL
from thoughtstream.coordination.models import Claim, Report
from thoughtstream.coordination.packets import Packet
from thoughtstream.coordination.reserve import Reservation
from thoughtstream.errors import AgentUnknown
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Onlooker, TheColony, Worker
from thoughtstream.faces.web.names import Named, segment
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources.bodies import Fields
from thoughtstream.faces.web.tokens import Token

router = APIRouter(prefix="/v1", tags=["agents"])

LONGEST_WAIT_S = 60


class Registering(Fields):
    skills: Annotated[list[str], Field(max_length=1000, default_factory=list)]


class Sending(Fields):
    """A message: from whom, and what it says."""

    sender: str = Field(alias="from")
    text: str


class Taking(Fields):
    """How many messages, and how long to wait for the first."""

    most: Annotated[int, Field(ge=1, le=1000)] = 10
    wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0


class Reading(Fields):
    """A message that was taken, by its id and token: it was read. `answer`: any JSON."""

    id: str
    token: str
    answer: Any = None


class Subscribing(Fields):
    domains: Annotated[list[str], Field(min_length=1, max_length=1000)]


class Subscribed(BaseModel):
    """An agent, and the domains that were added."""

    agent: str
    subscribed: list[str]


class Sent(BaseModel):
    """`url`: what became of it."""

    id: str
    url: str


class Taken(BaseModel):
    """A message; whoever has its token says when it was read, within the time of a lease."""

    id: str
    token: str
    sender: str = Field(alias="from")
    text: str
    sent_ms: int
    packet: Packet | None


def _may_know(token: Token, agent: AgentStatus) -> bool:
    """Services say of which minds something is wrong with."""
    return token.sees_all or SKILL not in agent.skills


@router.get("/agents", response_model=dict[str, list[AgentStatus]])
async def agents(token: Onlooker, colony: TheColony) -> Response:
    """All that are registered, by name."""
    return Answer({"items": [one for one in await colony.agents() if _may_know(token, one)]})


@router.get("/agents/{agent}", response_model=AgentStatus)
async def agent(token: Onlooker, colony: TheColony, agent: Named) -> Response:
    """One agent, as it is now."""
    found = await colony.agent(agent)
    if found is None or not _may_know(token, found):
        raise AgentUnknown(f"{agent}: no such agent is registered")
    return Answer(found)


@router.put("/agents/{agent}", response_model=AgentStatus)
async def register(token: Worker, colony: TheColony, agent: Named, body: Registering) -> Response:
    """Be an agent for the time of a lease (agents.lease_s); again, to renew it."""
    return Answer(await colony.register(agent, body.skills))


@router.delete("/agents/{agent}", status_code=204)
async def leave(token: Worker, colony: TheColony, agent: Named) -> Response:
    """It is no longer an agent."""
    if not await colony.leave(agent):
        raise AgentUnknown(f"{agent}: no such agent is registered")
    return Response(status_code=204)


@router.post("/agents/{agent}/messages", status_code=201, response_model=Sent)
async def send(token: Worker, colony: TheColony, agent: Named, message: Sending) -> Response:
    """Put a message into an agent's inbox."""
    handle = await colony.send(message.sender, agent, message.text)
    url = f"/v1/queues/{segment(inbox_of(agent))}/tasks/{segment(handle.id)}"
    return Answer({"id": handle.id, "url": url}, 201)


@router.post("/agents/{agent}/inbox", response_model=dict[str, list[Taken]])
async def take(token: Worker, colony: TheColony, agent: Named, body: Taking) -> Response:
    """Take messages out, the oldest first. What isn't read within a lease is back there."""
    taken = await colony.inbox(agent, body.most, wait_s=body.wait_s)
    items = [
        {"id": one.claim.id, "token": one.claim.token, "from": one.sender, "text": one.text,
         "sent_ms": one.sent_ms, "packet": one.packet}
        for one in taken
    ]  # fmt: skip
    return Answer({"items": items})


@router.post("/agents/{agent}/inbox/read", response_model=dict[str, bool])
async def read(token: Worker, colony: TheColony, agent: Named, body: Reading) -> Response:
    """A message was read, and this is the answer."""
    report = Report.done(Claim(body.id, body.token, "", 0), json.dumps(body.answer))
    round_ = await colony.queue(inbox_of(agent)).round("http", [report])
    if round_.lost:
        raise Problem(problems.LOST, f"{body.id}: its lease has ended; it is back in the inbox")
    return Answer({"read": True})


@router.put("/agents/{agent}/subscriptions", response_model=Subscribed)
async def subscribe(token: Worker, colony: TheColony, agent: Named, body: Subscribing) -> Response:
    """It gets the packets of these domains, too, from now on."""
    await colony.subscribe(agent, *body.domains)
    return Answer({"agent": agent, "subscribed": body.domains})


@router.delete("/agents/{agent}/subscriptions/{domain}", status_code=204)
async def unsubscribe(token: Worker, colony: TheColony, agent: Named, domain: Named) -> Response:
    """It no longer gets the packets of this domain."""
    await colony.unsubscribe(agent, domain)
    return Response(status_code=204)


class Reserving(Fields):
    """Who wants it, for how long, and how long to wait while another has it."""

    by: Annotated[str, Field(min_length=1)]
    for_s: Annotated[float, Field(gt=0, le=86_400)] = 60
    wait_s: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S)] = 0


@router.get("/reservations", response_model=dict[str, list[Reservation]])
async def reservations(token: Onlooker, colony: TheColony) -> Response:
    """What is reserved just now, by name."""
    return Answer({"items": await colony.reservations()})


@router.put("/reservations/{name}", response_model=Reservation)
async def hold(token: Worker, colony: TheColony, name: Named, body: Reserving) -> Response:
    """Have a name to oneself for so long; again by the same, to renew it."""
    held = await colony.hold(name, by=body.by, for_s=body.for_s, wait_s=body.wait_s)
    return Answer(held)


@router.delete("/reservations/{name}", response_model=Reservation)
async def release(
    token: Worker,
    colony: TheColony,
    name: Named,
    by: Annotated[str, Query(description="Whose it is.")],
) -> Response:
    """Free a name that is yours."""
    freed = await colony.release(name, by=by)
    if freed is None:
        raise Problem(problems.UNKNOWN, f"{name}: {by} has not reserved it (any more)")
    return Answer(freed)
