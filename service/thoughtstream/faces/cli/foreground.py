"""Run the service in this process, with its embedded Redis, until a signal ends it."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version

import structlog

from thoughtstream import discretion, service
from thoughtstream.config import Settings
from thoughtstream.faces.cli import event_loop, exit_codes, output, web_child
from thoughtstream.faces.supervisor import notify
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.home.home import Home
from thoughtstream.home.process_lock import ProcessLock

_TRIES, _TRY_AGAIN_S = 5, 0.02

log = structlog.get_logger()


def service_lock(settings: Settings) -> ProcessLock:
    """The lock that the service of this home holds."""
    return ProcessLock(Home.at(settings.home).path, "service")


def serve(settings: Settings, overrides: Mapping[str, str], as_json: bool) -> None:
    """Run the service until SIGTERM or SIGINT; the embedded Redis and the web process end with it.

    `overrides`: settings of the command line, by name; they are in `settings` already.

    Raises:
        Failed: it is already running in this home. ConfigError: its settings are wrong.
    """
    Home.at(settings.home).prepare()
    lock = service_lock(settings)
    if not _acquire(lock):
        pid = lock.read_record().get("pid")
        raise exit_codes.Failed(
            f"the service of {settings.home} is already running (process {pid}); "
            "stop it with `thoughtstream down`"
        )
    lock.write_record(os.getpid(), version=version("thoughtstream"))
    event_loop.run(_until_signalled(settings, overrides, as_json))


def _acquire(lock: ProcessLock) -> bool:
    """Acquire the lock until this process ends. Retries: `is_held` acquires it for a moment."""
    for _ in range(_TRIES):
        if lock.acquire() is not None:
            return True
        time.sleep(_TRY_AGAIN_S)
    return False


async def _until_signalled(settings: Settings, overrides: Mapping[str, str], as_json: bool) -> None:
    running = asyncio.ensure_future(_run(settings, overrides, as_json))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings, overrides: Mapping[str, str], as_json: bool) -> None:
    embedded = EmbeddedRedis(settings) if settings.redis.url is None else None
    try:
        url = await embedded.ensure() if embedded else str(settings.redis.url)

        address = discretion.shown(url)

        def ready() -> None:
            notify("READY=1")
            log.info("service.ready", redis=address, pid=os.getpid())
            if as_json:
                output.print_json({"redis": {"url": address}, "service": {"pid": os.getpid()}})

        async with asyncio.TaskGroup() as group:
            if embedded:
                group.create_task(embedded.watch())
            if web_child.is_wanted(settings):
                group.create_task(web_child.keep(settings, overrides))
            group.create_task(service.run(settings, url, on_ready=ready))
    finally:
        notify("STOPPING=1")
        if embedded:
            await embedded.stop()
        log.info("service.stopped")
