"""Dispatching packets: one round trip a server, however many they go to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import QueueConfig
from thoughtstream.coordination.messages import as_task, inbox_queue, unknown
from thoughtstream.coordination.models import MOST_AT_ONCE, NewTask
from thoughtstream.coordination.packets import UNDELIVERABLE, Packet
from thoughtstream.coordination.queue import LIBRARY, Queue
from thoughtstream.errors import InvalidPacket, InvalidTask, QueueClosed, QueueFull
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a packet: who has it, and who has not, with the reason ('': nobody was
    named).
    """

    delivered: tuple[str, ...]
    undeliverable: dict[str, str]


class Packets:
    """Subscriptions to domains, and dispatching to agents."""

    def __init__(self, redis: Client, config: QueueConfig) -> None:
        self._redis: Any = redis
        self._config = config

    async def subscribe(self, name: str, *domains: str) -> None:
        """An agent gets the packets of these domains from now on."""
        with typed_errors():
            for domain in domains:
                await self._redis.sadd(_subscribers(domain), name)

    async def unsubscribe(self, domain: str, *names: str) -> None:
        """These agents no longer get the packets of a domain."""
        with typed_errors():
            await self._redis.srem(_subscribers(domain), *names)

    async def look(self, id: str) -> Packet | None:
        """A packet by its id; None: there is none, or it is over a day old."""
        try:
            key = keys.PACKET.key(id=keys.encode_name(id))
        except ValueError as error:
            raise InvalidPacket(f"id: {error}") from None
        with typed_errors():
            text = await self._redis.get(key)
        return None if text is None else Packet.parse(json.loads(text))

    async def dispatch(self, packet: Packet) -> Delivery:
        """Put a packet into the inbox of each target and subscriber: once, also if called twice.

        What can't be delivered to a target is kept in the queue `packets:undeliverable`, as is what
        goes to nobody; a subscriber that has left is one no more.

        Raises:
            InvalidTask: it is too large. MemoryFull, QueueFull (of what can't be delivered),
            RedisUnavailable: part of it may have been delivered; call again.
        """
        task = as_task({"packet": packet.as_dict()}, priority=packet.priority, key=_key(packet.id))
        subscribers = await self._publish(packet)
        targets = dict.fromkeys([*packet.targets, *sorted(subscribers)])
        failed = await self._submit(task, list(targets))
        left = [name for name in failed if name in subscribers - {*packet.targets}]
        if left:
            await self.unsubscribe(packet.domain, *left)
        kept = {name: why for name, why in failed.items() if name not in left}
        if not targets or len(left) == len(targets):
            kept = {"": "no targets, and nobody subscribed to the domain"}
        await self._keep(packet, kept)
        return Delivery(tuple(name for name in targets if name not in failed), kept)

    async def _publish(self, packet: Packet) -> set[str]:
        """Let everybody read it; returns who subscribed to its domain."""
        pipe = self._redis.pipeline(transaction=False)
        key = keys.PACKET.key(id=keys.encode_name(packet.id))
        pipe.set(key, json.dumps(packet.as_dict()), ex=keys.PACKET.ttl_s)
        pipe.smembers(_subscribers(packet.domain))
        with typed_errors():
            _, subscribers = await pipe.execute()
        return set(subscribers)

    async def _submit(self, task: NewTask, names: Sequence[str]) -> dict[str, str]:
        """Into the inboxes of these; who did not get it, and why."""
        failed, queues = dict[str, str](), dict[str, Queue]()
        for name in names:
            try:
                queues[name] = inbox_queue(self._redis, name, self._config)
            except InvalidTask as error:
                failed[name] = str(error)
        calls = [queue.submission([task]) for queue in queues.values()]
        with typed_errors():
            answers = await LIBRARY.call_all(self._redis, calls)
        for (name, queue), answer in zip(queues.items(), answers, strict=True):
            try:
                queue.submitted(answer, 1)
            except QueueClosed:
                failed[name] = str(unknown(name))
            except QueueFull as error:
                failed[name] = str(error)
        return failed

    async def _keep(self, packet: Packet, failed: dict[str, str]) -> None:
        queue, said = Queue(self._redis, UNDELIVERABLE, self._config), packet.as_dict()
        tasks = [
            as_task({"packet": said, "to": name, "why": why}, key=_key(f"{packet.id}:{number}"))
            for number, (name, why) in enumerate(failed.items())
        ]
        for first in range(0, len(tasks), MOST_AT_ONCE):
            await queue.submit(*tasks[first : first + MOST_AT_ONCE])


def _key(id: str) -> str:
    return f"packet:{id}"


def _subscribers(domain: str) -> str:
    try:
        return keys.SUBSCRIBERS.key(domain=domain)
    except ValueError as error:
        raise InvalidTask(str(error)) from None
