"""An agent that has a mind: while it is there, its mind receives packets, and shares memories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.coordination.member import Member
from thoughtstream.errors import InvalidTask
from thoughtstream.receiving import Receiver
from thoughtstream.sharing import Sharer
from thoughtstream.store.client import Client


def check(mind: str | None, lineage: str | None) -> dict[str, str]:
    """What such an agent says of itself.

    Raises:
        InvalidTask: these can't be names, or the mind of the lineage is missing.
    """
    if lineage is not None and mind is None:
        raise InvalidTask("lineage: is of minds; say which one the agent has (mind)")
    said = {"mind": mind, "lineage": lineage}
    about = {what: name for what, name in said.items() if name is not None}
    for what, name in about.items():
        try:
            keys.encode_name(name, what=what)
        except ValueError as error:
            raise InvalidTask(str(error)) from None
    return about


@asynccontextmanager
async def embodied(
    redis: Client,
    settings: Settings,
    joining: AbstractAsyncContextManager[Member],
    mind: str,
    lineage: str | None,
) -> AsyncIterator[Member]:
    """The member, with a mind."""
    async with joining as member:
        works = [Receiver(redis, settings, member.name, mind, lineage).run()]
        if lineage is not None:
            sharer = Sharer(redis, settings, mind, lineage)
            await sharer.begin(member.name)
            works.append(sharer.run())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield member
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
