"""Readers of the event stream: the slow, the vanished and the many cost the others nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from typing import Any

import psutil
import pytest
from redis.asyncio import Redis

from tests.services import running, until
from tests.web.served import Web, served
from tests.web.streams import reading, request
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import MemoryConfig, Settings, StreamConfig, WebConfig
from thoughtstream.faces.web.tokens import Token
from thoughtstream.faces.web.watching.mind_channel import MindChannel
from thoughtstream.faces.web.watching.reader import MOST_WAITING, Reader
from thoughtstream.faces.web.watching.watching import Watching

pytestmark = pytest.mark.slow

MANY = 1000
LARGE = {f"field {n}": "x" * 4000 for n in range(14)}
"""Of a thought: what leaves is as long as a thought may be."""


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    """The web process, with a service."""
    quick = {
        "streams": StreamConfig(cycle_target_ms=0),
        "memory": MemoryConfig(trigger_limit=0, sleep_every_s=0),
        "web": WebConfig(requests_per_s=0),  # a thousand readers have one token
    }
    settings = settings.model_copy(update=quick)
    async with running(settings), served(settings) as web:
        yield web


async def test_who_never_reads_is_closed_and_the_others_are_told_of_everything(web: Web) -> None:
    async with asyncio.timeout(90), Mind.connect("ana", settings=web.settings) as ana:
        with deaf(web), deaf(web):
            async with reading(web, mind="ana") as stream:
                await stream.until("state")
                assert connections(web) == 3
                told = 0
                while connections(web) > 1:  # the buffers of a system take megabytes
                    await ana.feed(
                        [NewThought.of(f"{n}", salience=0.9, **LARGE) for n in range(20)]
                    )
                    told += len(await stream.attended(20))
                await ana.think("and now", salience=0.9)
                assert (await stream.until("attended")).data["content"] == "and now"


async def test_a_thousand_readers_come_and_go_and_nothing_is_left(web: Web) -> None:
    async with Mind.connect("ana", settings=web.settings) as ana:
        async with AsyncExitStack() as all_of_them:
            streams = [
                await all_of_them.enter_async_context(reading(web, mind="ana")) for _ in range(MANY)
            ]
            await asyncio.gather(*(stream.until("state") for stream in streams))
            assert connections(web) == MANY
            id_ = await ana.think("the kettle is on", salience=0.9)
            told = await asyncio.gather(*(stream.until("attended") for stream in streams))
            assert {event.data["id"] for event in told} == {id_}

        async def nobody() -> bool:
            return connections(web) == 0

        await until(nobody, most_s=10)
        async with reading(web, mind="ana") as stream:
            await stream.until("state")


async def test_what_nobody_watches_costs_nothing(settings: Settings) -> None:
    before = asyncio.all_tasks()
    async with Watching.open(settings, lambda _: True) as watching:
        token = Token(id="1", name="of a test", sha256="", scopes=("read",))
        readers = [watching.enter(token) for _ in range(3)]
        for reader, mind in zip(readers, ("ana", "bob", "ana"), strict=True):
            watching.join(reader, mind, partial(MindChannel, watching.source, mind), None)
        assert len(watching.watched) == 2
        for reader in readers:
            watching.leave(reader)
        assert (watching.readers, len(watching.watched)) == (0, 0)

        async def is_quiet() -> bool:
            return len(asyncio.all_tasks() - before) == 1  # the one that tends readers

        await until(is_quiet)


async def test_who_is_slow_loses_the_oldest_events_and_is_told_how_many(redis: Redis) -> None:
    reader = Reader(lambda: 1234)
    for number in range(MOST_WAITING + 44):
        reader.offer(b"event: %d\n\n" % number)
    reader.show(b"event: old\n\n")
    reader.show(b"event: new\n\n")
    sent = await _sent(reader)
    assert sent[0] == 'event: gap\ndata: {"dropped":44,"since":1234}'
    assert sent[1:] == [f"event: {number}" for number in range(44, MOST_WAITING + 44)] + [
        "event: new"
    ]


async def test_what_one_look_found_is_sent_in_one_piece() -> None:
    reader, bodies = Reader(lambda: 1234), list[bytes]()

    async def send(message: Any) -> None:
        bodies.append(message["body"])
        reader.end()

    sending = asyncio.create_task(reader.run(send))
    for number in range(3):
        await asyncio.sleep(0)  # a look waits for Redis between what it finds
        reader.offer(b"event: %d\n\n" % number)
    await asyncio.sleep(0)
    reader.show(b"event: state\n\n")
    assert not bodies
    reader.wake()
    await sending
    assert bodies == [b"event: 0\n\nevent: 1\n\nevent: 2\n\nevent: state\n\n"]


async def _sent(reader: Reader) -> list[str]:
    """All that waits for a reader."""
    bodies: list[bytes] = []

    async def send(message: Any) -> None:
        bodies.append(message["body"])
        if b"new" in message["body"]:
            reader.end()

    await reader.run(send)
    return b"".join(bodies).decode().strip().split("\n\n")


@contextmanager
def deaf(web: Web) -> Iterator[None]:
    """A reader that asks and never reads."""
    with socket.create_connection(("localhost", web.port)) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        asking.sendall(request(web, mind="ana"))
        yield


def connections(web: Web) -> int:
    """How many the server has open."""
    return sum(
        1
        for one in psutil.Process().net_connections("tcp")
        if one.laddr.port == web.port and one.status == psutil.CONN_ESTABLISHED
    )
