"""What an agent that has a mind receives: the strongest packet in its inbox becomes a thought.

The packets that are there together compete by activation, of equals the older one wins. The winner
is a thought in the mind's `reasoning` window, its salience the activation; it goes on competing
there with all that the mind thinks. The others have lost: they are completed and counted
(`packets_lost` in the mind's ledger). Both happen once for each packet and mind, whoever dies in
between and however many agents the mind has. Packets that another mind of the lineage shared a
memory by don't compete: each is anchored, once. Messages stay in the inbox, for who reads them.
"""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import NewThought
from thoughtstream.backoff import Backoff
from thoughtstream.config import Settings
from thoughtstream.coordination.messages import Inbox, Message
from thoughtstream.coordination.models import MOST_AT_ONCE, Report
from thoughtstream.coordination.packets import Packet
from thoughtstream.errors import InvalidThought, ThoughtstreamError
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

WINDOW = "reasoning"
REMEMBERED_MS = 14 * 86_400_000
"""A packet may come back as long as its agent is away; after a week that is forgotten."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 5.0

log = structlog.get_logger()


def domain_of(lineage: str) -> str:
    """The domain of the packets by which minds of a lineage share memories."""
    return f"lineage:{lineage}"


class Receiver:
    """Takes the packets out of an agent's inbox, for its mind."""

    def __init__(
        self, redis: Client, settings: Settings, agent: str, mind: str, lineage: str | None
    ) -> None:
        self._redis = redis
        self._agent = agent
        self._mind = mind
        self._lineage = lineage
        self._inbox = Inbox(redis, agent, settings.queue)
        self._attention = Attention(redis, settings.streams)
        self._census = Census(redis)

    async def run(self) -> None:
        """Receive until cancelled; waits for a Redis that is lost or full."""
        backoff = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            try:
                await self.receive(await self._inbox.packets(MOST_AT_ONCE))
                backoff.reset()
            except (ThoughtstreamError, ResponseError) as error:  # what was taken out comes back
                log.warning("packets.not_received", agent=self._agent, error=str(error))
                await backoff.pause()

    async def receive(self, messages: Sequence[Message]) -> None:
        """Take these packets in."""
        with typed_errors():
            await self._census.mention(self._mind)
        rivals = list[tuple[Packet, Message]]()
        reports = list[Report]()
        for message in messages:
            packet = message.packet
            if packet is not None and packet.memory:
                reports.append(_said(message, await self._anchor(packet)))
            elif packet is not None:
                rivals.append((packet, message))
        if rivals:
            reports += await self._compete(rivals)
        await self._inbox.say_all(reports)

    async def _compete(self, rivals: list[tuple[Packet, Message]]) -> list[Report]:
        known = await self._known([packet.id for packet, _ in rivals])
        reports = [
            _said(message, {"known": True}) for packet, message in rivals if packet.id in known
        ]
        new = [rival for rival in rivals if rival[0].id not in known]
        new.sort(key=lambda rival: (-rival[0].activation, rival[0].created, rival[0].id))
        while new:
            (winner, message), *losers = new
            try:
                thought = await self._think(winner, [packet.id for packet, _ in losers])
            except InvalidThought as error:  # nobody can think it: the next one wins
                reports.append(_said(message, {"refused": str(error)}))
                new = losers
                continue
            reports.append(_said(message, {"thought": thought}))
            return reports + [_said(lost, {"lost_to": winner.id}) for _, lost in losers]
        return reports

    async def _known(self, ids: Sequence[str]) -> set[str]:
        key = keys.RECEIVED.key(mind=self._mind)
        with typed_errors():
            scores: Any = await self._redis.zmscore(key, [_packet_name(id_) for id_ in ids])
        return {id_ for id_, score in zip(ids, scores, strict=True) if score is not None}

    async def _think(self, packet: Packet, losers: Sequence[str]) -> str | None:
        thought = NewThought.of(
            packet.content, window=WINDOW, salience=packet.activation, source="packet",
            packet=packet.id, seed=packet.seed, domain=packet.domain, agent=self._agent,
        )  # fmt: skip
        names = [_packet_name(id_) for id_ in losers]
        with typed_errors():
            return await self._attention.think_once(
                self._mind, thought, _packet_name(packet.id), names, REMEMBERED_MS
            )

    async def _anchor(self, packet: Packet) -> dict[str, Any]:
        """What came of a memory that is shared."""
        if packet.seed == self._mind:
            return {"own": True}
        if self._lineage is None or packet.domain != domain_of(self._lineage):
            return {"refused": "it is of another lineage"}
        name = f"memory {keys.encode_name(packet.seed)} {packet.memory}"
        try:
            entry = NewThought.of(
                packet.content, window=WINDOW, salience=packet.activation, kind="semantic",
                source="lineage", lineage=self._lineage, shared_from=packet.seed,
                shared_id=packet.memory, packet=packet.id,
            ).entry()  # fmt: skip
            with typed_errors():
                memory = await self._attention.anchor_once(self._mind, WINDOW, entry, name)
        except InvalidThought as error:
            return {"refused": str(error)}
        return {"memory": memory} if memory else {"known": True}


def _packet_name(id_: str) -> str:
    return f"packet {id_}"


def _said(message: Message, what: dict[str, Any]) -> Report:
    return Report.done(message.claim, json.dumps(what))
