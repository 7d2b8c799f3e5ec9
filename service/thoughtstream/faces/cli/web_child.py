"""The web process as a child of `up`: started beside the service, again when it dies, ended with
it.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec

import structlog

from thoughtstream.backoff import Backoff
from thoughtstream.config import Settings
from thoughtstream.faces.cli import exit_codes
from thoughtstream.faces.supervisor import ADDRESS
from thoughtstream.faces.web.place import web_lock

_NEEDS = ("fastapi", "uvicorn", "httptools")
_RETRY_S, _LONGEST_RETRY_S = 1.0, 60.0
_STOP_S = 10.0

log = structlog.get_logger()


def is_wanted(settings: Settings) -> bool:
    """Whether `up` has a web process beside it: it is enabled, and installed."""
    return settings.web.enabled and all(find_spec(name) for name in _NEEDS)


async def keep(settings: Settings, overrides: Mapping[str, str]) -> None:
    """Have a web process until cancelled, unless another one is there.

    `overrides`: settings of this run, by name, that it must have, too.
    """
    backoff = Backoff(_RETRY_S, _LONGEST_RETRY_S)
    while True:
        if not web_lock(settings).is_held():
            code = await _run(overrides)
            if code == exit_codes.BAD_CONFIG:
                return
            log.warning("web.ended", code=code, retry_in_s=backoff.seconds)
        await backoff.pause()


async def _run(overrides: Mapping[str, str]) -> int:
    """One web process, until it ends, or we do: if we are killed, its tether tells it."""
    own = {f"THOUGHTSTREAM_{name.upper().replace('.', '__')}": v for name, v in overrides.items()}
    inherited = {name: v for name, v in os.environ.items() if name != ADDRESS}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "thoughtstream.faces.cli.tethered", "web",
        stdin=asyncio.subprocess.PIPE, env=inherited | own, start_new_session=True,
    )  # fmt: skip
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    child.terminate()
    try:
        await asyncio.wait_for(child.wait(), _STOP_S)
    except TimeoutError:
        child.kill()
        await child.wait()
