"""Thoughts that no service has adopted: how many wait in windows, and since when."""

from typing import Any

from redis.exceptions import ResponseError

from thoughtstream.store.client import Client

Windows = dict[str, list[str]]
"""The keys of each mind's windows."""


async def waiting(redis: Client, windows: Windows) -> dict[str, int]:
    """How many thoughts are in each window, read or not. One round trip."""
    its_keys = [key for its in windows.values() for key in its]
    pipe: Any = redis.pipeline(transaction=False)
    for key in its_keys:
        pipe.xlen(key)
    answers = await _answers(pipe) if its_keys else []
    lengths = [answer if isinstance(answer, int) else 0 for answer in answers]
    return dict(zip(its_keys, lengths, strict=True))


async def lag_s(redis: Client, window_keys: list[str]) -> float:
    """The age of the oldest thought in these windows that attention has not read: its id says when
    it was written, by the server's clock. 0: there is none. Three round trips.
    """
    if not window_keys:
        return 0.0
    groups: Any = redis.pipeline(transaction=False)
    for key in window_keys:
        groups.xinfo_groups(key)
    next_ones: Any = redis.pipeline(transaction=False)
    for key, its in zip(window_keys, await _answers(groups), strict=True):
        next_ones.xrange(key, f"({_read_until(its)}", "+", count=1)
    found = [one for one in await _answers(next_ones) if isinstance(one, list) and one]
    if not found:
        return 0.0
    now_ms = await redis.clock_ms(window_keys[0])
    return max(max(now_ms - _written_ms(entries[0][0]) for entries in found), 0) / 1000


def _read_until(groups: Any) -> str:
    """The last entry that attention has read; its group is the only one, or there is none yet."""
    return str(groups[0]["last-delivered-id"]) if isinstance(groups, list) and groups else "0-0"


def _written_ms(entry: str) -> int:
    return int(entry.partition("-")[0])


async def _answers(pipe: Any) -> list[Any]:
    """In their order; an error stands for a key that is no window any more."""
    answers: list[Any] = await pipe.execute(raise_on_error=False)
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
            raise answer
    return answers
