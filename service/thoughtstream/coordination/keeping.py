"""Something is kept up while a body runs; the body ends where that fails for good."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from thoughtstream.errors import RedisUnavailable, ThoughtstreamError

_RETRY_S = 0.5

_PHASE = random.random()
"""Of this process: what it keeps up, it renews at once; others do so at other times."""

log = structlog.get_logger()


@asynccontextmanager
async def kept(renew: Callable[[], Awaitable[None]], every_s: float) -> AsyncIterator[None]:
    """Renew this again and again, sooner where Redis was away.

    Raises:
        ThoughtstreamError: `renew` raised it, and it is none that passes; the body was cancelled.
    """
    body, failed = asyncio.current_task(), list[ThoughtstreamError]()
    assert body is not None

    async def keep() -> None:
        pause_s = _to_next(every_s)
        while True:
            await asyncio.sleep(pause_s)
            try:
                await renew()
                pause_s = _to_next(every_s)
            except RedisUnavailable as error:
                log.warning("lease.redis_lost", error=str(error))
                pause_s = min(_RETRY_S, every_s)
            except ThoughtstreamError as error:
                failed.append(error)
                body.cancel()
                return

    keeper = asyncio.create_task(keep())
    try:
        yield
        if failed:  # it ended just then
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
            body.uncancel()
            raise failed[0]
    except asyncio.CancelledError:
        if not failed or body.uncancel() > 0:
            raise
        raise failed[0] from None
    finally:
        keeper.cancel()
        await asyncio.wait({keeper})


def _to_next(every_s: float) -> float:
    """The time until all of this process that is renewed so often is."""
    return every_s - (time.monotonic() - _PHASE * every_s) % every_s
