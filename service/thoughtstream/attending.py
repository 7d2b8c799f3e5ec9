"""Who attends the minds of a program: a service elsewhere, one inside the program, or nobody."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.exceptions import ResponseError

from thoughtstream.config import Settings
from thoughtstream.coordination.membership import may_be_attended
from thoughtstream.errors import NoService, ThoughtstreamError
from thoughtstream.store.client import Client

_NOBODY = (
    "no service lives on this Redis: what this mind thinks waits until one does; start one with "
    "`thoughtstream up`, or write Mind.connect(…, attend=True)"
)


@asynccontextmanager
async def attending(settings: Settings, url: str) -> AsyncIterator[None]:
    """A service in this program, until the context ends: a service as all others, so that those
    that are there, or come, share all minds with it.

    Raises:
        ConfigError: Redis refuses the user or the password.
    """
    from thoughtstream import service  # only who attends pays for it

    ready = asyncio.Event()
    serving = asyncio.create_task(service.run(settings, url, on_ready=ready.set))
    begun = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({serving, begun}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            yield
    finally:
        begun.cancel()
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


async def warn_if_nobody_attends(redis: Client) -> None:
    """Issue the warning `NoService`, if that is so; what can't be asked is no reason to."""
    with suppress(ThoughtstreamError, ResponseError):
        if not await may_be_attended(redis):
            warnings.warn(_NOBODY, NoService, stacklevel=5)
