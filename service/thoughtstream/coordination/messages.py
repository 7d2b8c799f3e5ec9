"""Messages between agents: each agent's inbox is a queue of its own.

So a message is kept until it has been read, in the order of its mailbox; what was taken out and not
read comes back when its lease ends; the sender's handle says what became of it; and an agent that
is slow holds up nobody else.
"""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import QueueConfig
from thoughtstream.coordination.agents import agent_key, inbox_of
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.models import Claim, NewTask, Report
from thoughtstream.coordination.packets import Packet
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.taking import LISTEN_S, taken
from thoughtstream.errors import AgentUnknown, QueueClosed
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_MOST_TIMES = 1000
"""A message comes back so often: a reader that dies each time is dead for good by then."""

_LOOK_S = 1.0
"""Who takes packets only looks so often while messages wait for somebody else."""


def inbox_queue(redis: Client, name: str, config: QueueConfig) -> Queue:
    """The inbox of an agent; it takes what is submitted while the agent is registered.

    Raises:
        InvalidTask: the name is empty or too long.
    """
    return Queue(redis, inbox_of(name), config, gate=agent_key(keys.AGENT_STATE, name))


def as_task(content: dict[str, Any], *, priority: int = 0, key: str = "") -> NewTask:
    """As it goes into an inbox."""
    text = json.dumps(content, ensure_ascii=False)
    return NewTask(text, priority, max_attempts=_MOST_TIMES, key=key)


async def send(redis: Client, config: QueueConfig, sender: str, to: str, text: str) -> Handle:
    """Put a message into an agent's inbox. Its end is the receipt: `submitted` is delivered,
    `working` taken out, `completed` read, and its result the answer.

    Raises:
        AgentUnknown: there is no such agent. QueueFull: its inbox is full. InvalidTask: the text is
        too large.
    """
    queue = inbox_queue(redis, to, config)
    try:
        [id_] = await queue.submit(as_task({"from": sender, "text": text}))
    except QueueClosed:
        raise unknown(to) from None
    return Handle(queue, id_)


def unknown(name: str) -> AgentUnknown:
    """The error of whoever sends to nobody."""
    return AgentUnknown(
        f"to: no agent {name!r} is registered; nothing was sent (`thoughtstream agents list`)"
    )


@dataclass(frozen=True)
class Message:
    """A message that was taken out of an inbox, to be read within the time of a lease.

    `packet`: what came is a packet; then `sender` is its seed, and `text` its content.
    """

    sender: str
    text: str
    sent_ms: int
    packet: Packet | None
    claim: Claim
    inbox: "Inbox"

    async def read(self, answer: Any = None) -> bool:
        """It was read, and this is the answer. False: too late, it has gone back to the inbox."""
        return await self.inbox.say(Report.done(self.claim, json.dumps(answer)))

    async def keep(self) -> bool:
        """Hold it for another lease. False: too late."""
        return await self.inbox.say(Report.renew(self.claim))

    async def give_back(self) -> bool:
        """Put it back where it was, for now. False: it went back before."""
        return await self.inbox.say(Report.release(self.claim))


class Inbox:
    """An agent's inbox, for whoever reads it."""

    def __init__(self, redis: Client, name: str, config: QueueConfig) -> None:
        self._redis = redis
        self._queue = inbox_queue(redis, name, config)
        self._me = uuid.uuid4().hex

    async def take(self, most: int = 1, *, wait_s: float = 0) -> list[Message]:
        """Take out up to so many, the oldest first; waits for the first one, if told so."""
        claims = await taken(self._queue, self._me, most, wait_s)
        return [self._message(claim) for claim in claims]

    async def packets(self, most: int) -> list[Message]:
        """Take out all packets that are there, up to so many, the most active first; waits for one.
        Messages stay.
        """
        while True:
            await self._queue.round(self._me)  # what has come back is there
            packets, there = await self._waiting()
            if there and not packets:  # its bell would ring for these
                await asyncio.sleep(_LOOK_S)
                continue
            taken = [] if packets else await self.take(1, wait_s=LISTEN_S)
            more = packets or (await self._waiting())[0]
            taken += await self.take(min(more, most)) if more else []
            found = [message for message in taken if message.packet]
            if len(found) < len(taken):
                await self.say_all([Report.release(m.claim) for m in taken if not m.packet])
            if found:
                return found
            if more:  # what others put there
                await asyncio.sleep(_LOOK_S)

    async def _waiting(self) -> tuple[int, int]:
        """How many packets wait, and how many of all: packets are those that have a priority."""
        waiting = keys.WAITING.key(queue=self._queue.name)
        pipe: Any = self._redis.pipeline(transaction=False)
        pipe.zcount(waiting, "-inf", "(0")
        pipe.zcard(waiting)
        with typed_errors():
            packets, there = await pipe.execute()
        return packets, there

    async def say_all(self, reports: Sequence[Report]) -> None:
        """What became of some of them."""
        await self._queue.round(self._me, reports)

    async def say(self, report: Report) -> bool:
        """What became of a message; whether it was still held."""
        return not (await self._queue.round(self._me, [report])).lost

    def _message(self, claim: Claim) -> Message:
        sender, text, packet = _read(claim.payload)
        return Message(sender, text, claim.submitted_ms, packet, claim, self)


def _read(payload: str) -> tuple[str, str, Packet | None]:
    """Sender, text and packet; what others put there is text from nobody."""
    try:
        said = json.loads(payload)
        if "packet" in said:
            packet = Packet.parse(said["packet"])
            return packet.seed, packet.content, packet
        return str(said["from"]), str(said["text"]), None
    except (ValueError, TypeError, KeyError):
        return "", payload, None
