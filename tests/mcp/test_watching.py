"""Clients are told that something was attended: in both versions of the protocol, not too often."""

import asyncio

import mcp_types as types
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from tests.mcp.clients import ANA, ResourceUpdated, in_process, read
from tests.services import until
from thoughtstream import Mind
from thoughtstream.config import Settings
from thoughtstream.faces.mcp import stdio

URIS = ["mind://ana/attended", "mind://ana/attention"]


async def test_who_listens_hears_of_what_is_attended(settings: Settings) -> None:
    async with (
        Mind.connect("ana", settings=settings) as mind,
        in_process(settings) as client,
        client.listen(resource_subscriptions=URIS) as events,
    ):
        heard = set[str]()

        async def hear() -> None:
            async for event in events:
                assert isinstance(event, ResourceUpdated)
                heard.add(event.uri)

        hearing = asyncio.create_task(hear())

        async def is_heard() -> bool:
            await mind.think("the kettle is on", salience=0.9)
            await mind.attend()
            return heard == {*URIS}

        await until(is_heard)
        hearing.cancel()
        found = (await read(client, URIS[0]))["attended"]
        assert found[0]["content"] == "the kettle is on"


@pytest.mark.filterwarnings("ignore::mcp.MCPDeprecationWarning")
async def test_who_subscribes_is_told_once_for_many_within_a_second(settings: Settings) -> None:
    told = list[str]()

    async def handle(message: object) -> None:
        if isinstance(message, types.ResourceUpdatedNotification):
            told.append(str(message.params.uri))

    async with (
        Mind.connect("ana", settings=settings) as mind,
        stdio.session(settings, ANA) as (server, _),
        Client(server, mode="legacy", message_handler=handle) as client,
    ):
        await client.subscribe_resource(URIS[0])

        async def is_told() -> bool:
            await mind.think("tick", salience=0.9)
            await mind.attend()
            return bool(told)

        await until(is_told)
        for _ in range(50):
            await mind.think("tock", salience=0.9)
            await mind.attend()
        assert len(told) <= 2
        await client.unsubscribe_resource(URIS[0])
        with pytest.raises(MCPError, match="does not tell of changes"):
            await client.subscribe_resource("mind://ana/memories/1-1")
        with pytest.raises(MCPError, match="'ana' only"):
            await client.subscribe_resource("mind://bob/attended")
