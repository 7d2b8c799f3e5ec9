"""Packets: what a thoughtseed found out, for the agents that want to know."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from thoughtstream.coordination.packets import MOST_TARGETS, Packet
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import Onlooker, TheColony, Worker
from thoughtstream.faces.web.names import Named
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources.bodies import Fields

router = APIRouter(prefix="/v1/packets", tags=["packets"])


class NewPacket(Fields):
    """What it found out; `targets`: agents beside those that subscribed to the domain."""

    seed: str
    domain: str
    content: str
    activation: Annotated[float, Field(ge=0, le=1)] = 0.5
    prediction_error: float = 0.0
    surprise: float = 0.0
    targets: Annotated[list[str], Field(max_length=MOST_TARGETS, default_factory=list)]
    layer: str = ""


class Dispatched(BaseModel):
    """Who has it in his inbox, and who doesn't, and why."""

    id: str
    delivered: list[str]
    undeliverable: dict[str, str]


@router.post("", status_code=201, response_model=Dispatched)
async def dispatch(token: Worker, colony: TheColony, new: NewPacket) -> Response:
    """Put a packet into the inboxes of its targets and of who subscribed to its domain."""
    packet = Packet(**dict(new) | {"targets": tuple(new.targets)})
    delivery = await colony.dispatch(packet)
    said = {"delivered": delivery.delivered, "undeliverable": delivery.undeliverable}
    return Answer({"id": packet.id, **said}, 201)


@router.get("/{packet}", response_model=Packet)
async def packet(token: Onlooker, colony: TheColony, packet: Named) -> Response:
    """A packet, for a day after it was sent."""
    found = await colony.packet(packet)
    if found is None:
        raise Problem(problems.UNKNOWN, f"{packet}: there is no such packet (any more)")
    return Answer(found)
