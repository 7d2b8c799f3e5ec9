"""Leases, as every library has them: when one is over, also for a clock that has jumped, and that a
worker whose lease another has taken is told so.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from thoughtstream import keys
from thoughtstream.store.functions import Library

LEASE_MS = 1000
NOW = 1_000_000
ONE = keys.SLEEP.key(mind="ana")
CODE = """#!lua name=leases_in_a_test
redis.register_function('take', function(keys, args)
  return take_lease(keys[1], tonumber(args[1]), tonumber(args[2]))
end)
redis.register_function('renew', function(keys, args)
  return renew_lease(keys[1], args[3], tonumber(args[1]), tonumber(args[2]))
end)
redis.register_function('give_back', function(keys) give_lease_back(keys[1]) end)
"""

Call = Callable[..., Awaitable[Any]]


@pytest.fixture
async def call(redis: Any, tmp_path: Path) -> AsyncIterator[Call]:
    """Calls a function at a time, of a lease of this length."""
    (tmp_path / "leases.lua").write_text(CODE)
    library = Library(tmp_path / "leases.lua")
    await library.ensure(redis)

    async def call(function: str, key: str, now: int, *more: str) -> Any:
        return await library.call(redis, function, [key], (now, LEASE_MS, *more))

    yield call
    await redis.function_delete(library.name)


AGES = [(0, True), (999, True), (1000, False), (-999, True), (-1000, False), (-3_600_000, False)]
"""How long ago a lease was renewed (negative: in the future), and whether it holds."""


@pytest.mark.parametrize(("age", "holds"), AGES)
async def test_when_a_lease_is_over(call: Call, age: int, holds: bool) -> None:
    assert await call("take", ONE, NOW) == "1"
    assert await call("take", ONE, NOW + age) == (None if holds else "2")


async def test_who_has_lost_a_lease_is_told_so(call: Call) -> None:
    first = await call("take", ONE, NOW)
    assert await call("renew", ONE, NOW + 900, first)
    assert await call("take", ONE, NOW + 1800) is None
    second = await call("take", ONE, NOW + 1900)
    assert not await call("renew", ONE, NOW + 1901, first)
    assert await call("renew", ONE, NOW + 1901, second)
    await call("give_back", ONE, NOW)
    assert not await call("renew", ONE, NOW + 1902, first)
    assert await call("take", ONE, NOW + 1902) == "3"
