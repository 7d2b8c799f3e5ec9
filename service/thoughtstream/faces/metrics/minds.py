"""All minds together: what became of thoughts, what competes, what nobody has adopted."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoPermissionError, ResponseError

from thoughtstream import keys
from thoughtstream.faces.metrics.series import Series
from thoughtstream.faces.metrics.unread import Windows, lag_s, waiting
from thoughtstream.measuring import redis as metrics
from thoughtstream.store.census import Census
from thoughtstream.store.client import Client

_PER_MIND = 4 + len(keys.MEMORIES)


@dataclass(frozen=True, slots=True)
class Minds:
    """`names`: of all that have a ledger."""

    series: list[Series]
    names: list[str]


async def read_minds(redis: Client) -> Minds:
    """Two round trips for a page of minds, and three more if some have unread thoughts."""
    sums, names, oldest_s = Counter[str](), list[str](), 0.0
    async for page in Census(redis).pages():
        found, windows = await _read_page(redis, page)
        names += windows
        sums.update(found)
        lengths = await waiting(redis, windows)
        unread = max(sum(lengths.values()) - found["competing"], 0)
        if unread:
            sums["unread"] += unread
            oldest_s = max(oldest_s, await lag_s(redis, [key for key in lengths if lengths[key]]))
    series = [
        Series(metrics.MINDS, len(names)),
        *(Series(metrics.THOUGHTS, sums[fate], (fate,)) for fate in metrics.FATES),
        *(Series(metrics.MEMORIES, sums[kind], (kind,)) for kind in keys.MEMORIES),
        Series(metrics.COMPETING, sums["competing"]),
        Series(metrics.INTERVENING, sums["intervening"]),
        Series(metrics.UNREAD, sums["unread"]),
        Series(metrics.LAG, oldest_s),
    ]
    return Minds(series, names)


async def _read_page(redis: Client, minds: list[str]) -> tuple[Counter[str], Windows]:
    """The sums of those of these minds that are there, and the windows of each."""
    pipe: Any = redis.pipeline(transaction=False)
    for mind in minds:
        pipe.hgetall(keys.LEDGER.key(mind=mind))
        pipe.smembers(keys.WINDOWS.key(mind=mind))
        pipe.zcard(keys.CONTEST.key(mind=mind))
        pipe.hlen(keys.INTERVENING.key(mind=mind))
        for family in keys.MEMORIES.values():
            pipe.xlen(family.key(mind=mind))
    answers = await pipe.execute(raise_on_error=False) if minds else []
    sums, windows = Counter[str](), Windows()
    for mind, at in zip(minds, range(0, len(answers), _PER_MIND), strict=True):
        ledger, named, *lengths = map(_as_it_should_be, answers[at : at + _PER_MIND])
        if not ledger:
            continue
        sums.update({fate: _count(ledger.get(fate)) for fate in metrics.FATES})
        counted = zip(("competing", "intervening", *keys.MEMORIES), lengths, strict=True)
        sums.update({what: length or 0 for what, length in counted})
        windows[mind] = _window_keys(mind, named or ())
    return sums, windows


def _window_keys(mind: str, named: Any) -> list[str]:
    windows = dict.fromkeys((*keys.STANDARD_WINDOWS, *map(keys.decode_name, named)))
    return [keys.WINDOW.key(mind=mind, window=window) for window in windows]


def _as_it_should_be(answer: Any) -> Any:
    """None: its key is something else; `doctor` and the audit say so."""
    if not isinstance(answer, Exception):
        return answer
    if isinstance(answer, NoPermissionError) or not isinstance(answer, ResponseError):
        raise answer
    return None


def _count(text: str | None) -> int:
    """Of a field that others may have written."""
    return int(text) if text and text.isascii() and text.isdigit() else 0
