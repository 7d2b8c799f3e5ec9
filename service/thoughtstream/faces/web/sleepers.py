"""Sleeps that go on after they were asked for."""

import asyncio

import structlog

from thoughtstream import Mind

log = structlog.get_logger()


class Sleepers:
    """The minds that this process puts to sleep."""

    def __init__(self) -> None:
        self._sleeping = set[asyncio.Task[None]]()

    async def begin(self, mind: Mind) -> str:
        """Put a mind to sleep; returns the session as soon as it has begun.

        Raises:
            Asleep: another worker is at it.
        """
        begun: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._sleep(mind, begun))
        self._sleeping.add(task)
        task.add_done_callback(self._sleeping.discard)
        return await asyncio.shield(begun)  # it sleeps on, also if whoever asked has left

    async def _sleep(self, mind: Mind, begun: asyncio.Future[str]) -> None:
        try:
            await mind.sleep(on_begin=begun.set_result)
        except Exception as error:  # noqa: BLE001  # whatever it is, somebody is told
            if not begun.done():
                begun.set_exception(error)
            else:  # the session tells that it was interrupted
                log.warning("web.sleep_interrupted", mind=mind.name, error=repr(error))
        finally:
            begun.cancel()

    async def aclose(self) -> None:
        """Interrupt those that sleep: any worker may resume them."""
        for task in self._sleeping:
            task.cancel()
        await asyncio.gather(*self._sleeping, return_exceptions=True)
