"""The loop: of each text, every seed sends a packet; they are routed to the agents of a domain; in
the inbox of a mind's agent they compete, and the winner becomes a thought there; then the level is
measured, and what came of it is written down.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.messages import Inbox
from thoughtstream.coordination.packets import Packet
from thoughtstream.inference import index
from thoughtstream.inference.flow import Floats, flow
from thoughtstream.receiving import Receiver
from thoughtstream.thoughtseeds.seeds import SEEDS, Claim, Seeds
from thoughtstream.thoughtseeds.state import State

_WINDOW = 50
"""Moments over which the level and the flow are measured."""

_NEAR = 5
"""Moments before, and after, that novelty and transience look at."""

_PSEUDO = 0.01
"""Is added to each claim, so that no belief is certain."""


@dataclass
class Loop:
    """What a loop has done. `packets`: sent; `delivered`, `undeliverable`: to or for agents;
    `winners`: by seed, how often it won. `level`: its parts, each 0 to 1, and it; `flow`: novelty,
    compression, resonance and their label: all of the last moments.
    """

    moments: int = 0
    packets: int = 0
    delivered: int = 0
    undeliverable: int = 0
    winners: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SEEDS, 0))
    level: dict[str, float] = field(default_factory=dict)
    flow: dict[str, Any] = field(default_factory=dict)


def domain_of(mind: str) -> str:
    """The domain of the packets of the seeds that listen for a mind."""
    return f"thoughtseeds:{mind}"


async def run(colony: Colony, settings: Settings, mind: str, texts: Iterable[str]) -> Loop:
    """Have the seeds listen to these texts for a mind, whose agent is `seeds of <mind>`. Others get
    the packets, too, if they subscribe to the domain.

    Raises:
        AgentHeld: another loop listens for this mind.
    """
    agent, domain = f"seeds of {mind}", domain_of(mind)
    state, seeds, done = State(colony.redis, mind), Seeds(settings.salience), Loop()
    claims: deque[list[float]] = deque(maxlen=_WINDOW)
    async with colony.join(agent, skills=["listening"]):
        await colony.subscribe(agent, domain)
        receiver = Receiver(colony.redis, settings, agent, mind, None)
        inbox = Inbox(colony.redis, agent, settings.queue)
        for text in texts:
            said = seeds.hear(text)
            claims.append([claim.activation for claim in said])
            await _send(colony, done, domain, text, said)
            left = len(SEEDS)
            while left > 0:
                packets = await inbox.packets(left)
                await receiver.receive(packets)
                left -= len(packets)
            _measure(done, np.array(claims))
            await state.write(done.level, done.flow, text, max(claims[-1]))
    return done


async def _send(colony: Colony, done: Loop, domain: str, text: str, said: list[Claim]) -> None:
    """A packet of each seed."""
    for seed, claim in zip(SEEDS, said, strict=True):
        delivery = await colony.dispatch(Packet(seed, domain, text, **claim._asdict()))
        done.packets += 1
        done.delivered += len(delivery.delivered)
        done.undeliverable += len(delivery.undeliverable)
    done.moments += 1
    strongest = max(range(len(SEEDS)), key=lambda at: said[at].activation)
    done.winners[SEEDS[strongest]] += 1


def _measure(done: Loop, claims: Floats) -> None:
    """The level and the flow over the last moments; `claims`: [T, seeds]."""
    parts = index.Parts(
        agreement=index.agreement(index.shares(claims.T)),
        ignition=index.ignition(claims),
        reach=index.reach(done.delivered, done.delivered + done.undeliverable),
        stability=index.stability(claims.argmax(axis=1)),
    )
    done.level = {**parts._asdict(), "level": parts.level}
    moved = flow(index.shares(claims + _PSEUDO), _NEAR)
    now = {name: float(values[-1]) for name, values in asdict(moved).items()}
    done.flow = {**now, "label": moved.label()}
