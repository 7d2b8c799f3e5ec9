"""What each family of keys takes of a server's memory, by a sample: all keys are counted (SCAN, in
small steps), and of each family some are measured (MEMORY USAGE).
"""

import asyncio
import json
import math
import random
import statistics
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from thoughtstream import keys
from thoughtstream.keys import Domain
from thoughtstream.store.client import Client

MEASURED = 300
"""So many keys of each family are measured; of a family that has no more, all."""

_FIELD = "at "
_STEP = 100
_BATCH = 50
_LOOK_S, _SHORTEST_S, _LONGEST_S = 600.0, 0.01, 0.1
_SURE = 1.96
"""Standard errors to either side, within which a mean is 19 times out of 20."""

_NO_DATA = (
    "used_memory_startup", "mem_clients_normal", "mem_clients_slaves", "mem_aof_buffer",
    "mem_replication_backlog", "used_memory_vm_total",
)  # fmt: skip

Between = Callable[[], Awaitable[object]]
"""What is done between two steps."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Bytes taken by so many keys, most likely; in 19 cases of 20 within `margin` of the truth."""

    keys: int = 0
    bytes: int = 0
    margin: int = 0

    def __add__(self, other: "Estimate") -> "Estimate":
        margin = math.hypot(self.margin, other.margin)
        return Estimate(self.keys + other.keys, self.bytes + other.bytes, round(margin))


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a server. `at`: when it ended (ms, the clock of who keeps it); `strangers`: keys
    that are not ours; `data_bytes`: all data of the server, as it says itself.
    """

    at: int
    strangers: int
    data_bytes: int
    families: dict[str, Estimate] = field(default_factory=dict)
    """By the pattern of their keys."""

    @property
    def domains(self) -> dict[Domain, Estimate]:
        """Each, also one without keys."""
        found = dict.fromkeys(Domain, Estimate())
        for family in keys.FAMILIES:
            found[family.domain] += self.families.get(family.pattern, Estimate())
        return found

    @property
    def accounted(self) -> float:
        """The part of the data that the estimates add up to; less where others' keys are, or a few
        huge keys among many small ones were missed.
        """
        return sum(one.bytes for one in self.families.values()) / max(self.data_bytes, 1)

    def largest(self, domain: Domain) -> str:
        """The pattern of the family that takes most of a domain."""
        its = [family.pattern for family in keys.FAMILIES if family.domain == domain]
        return max(its, key=lambda one: self.families.get(one, Estimate()).bytes, default="")

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> "Sample":
        """The inverse of `text`."""
        said = json.loads(text)
        families = {name: Estimate(**one) for name, one in said.pop("families").items()}
        return cls(**said, families=families)


async def kept(redis: Client) -> dict[str, Sample]:
    """The last sample of each server, by its name (of one that is no cluster's, ""); empty if this
    user may not see them.
    """
    try:
        found: Any = await redis.hgetall(keys.MEMORY.key())
    except NoPermissionError:
        return {}
    samples = {}
    for name, text in found.items():
        if name.startswith(_FIELD):
            with suppress(ValueError, TypeError, KeyError):  # the next look replaces it
                samples[name.removeprefix(_FIELD)] = Sample.of(text)
    return samples


async def slowly(keys_there: int) -> None:
    """The pause between two steps on a server with so many keys: at most a hundred steps a second,
    each of some 0.1 ms, and ten where a look takes less than ten minutes that way.
    """
    await asyncio.sleep(min(max(_LOOK_S * _STEP / keys_there, _SHORTEST_S), _LONGEST_S))


async def look(server: Redis, now_ms: Callable[[], Awaitable[int]], between: Between) -> Sample:
    """Count and measure.

    Raises: errors of the connection; NoPermissionError: this user may not do that.
    """
    drawn, cursor = defaultdict[str, _Draw](_Draw), 0
    strangers = 0
    while True:
        cursor, some = await server.scan(cursor, count=_STEP)
        for key in map(str, some):
            family = keys.family_of(key)
            if family is None:
                strangers += 1
            else:
                drawn[family.pattern].add(key)
        if not cursor:
            break
        await between()
    families = {}
    for pattern, draw in drawn.items():
        families[pattern] = _estimate(draw.count, await _measure(server, draw.kept, between))
    return Sample(await now_ms(), strangers, _data(await server.info("memory")), families)


def _data(info: Any) -> int:
    """The bytes of the keys with their tables: `used_memory_dataset` would leave these out."""
    return int(info["used_memory"]) - sum(int(info.get(name, 0)) for name in _NO_DATA)


class _Draw:
    """Keeps so many keys of all that are added, each with the same chance."""

    def __init__(self) -> None:
        self.count = 0
        self.kept: list[str] = []

    def add(self, key: str) -> None:
        self.count += 1
        if len(self.kept) < MEASURED:
            self.kept.append(key)
        elif (place := random.randrange(self.count)) < MEASURED:
            self.kept[place] = key


async def _measure(server: Redis, names: Sequence[str], between: Between) -> list[int]:
    """The bytes of each key that is still there."""
    found: list[int] = []
    for at in range(0, len(names), _BATCH):
        if at:
            await between()
        pipe = server.pipeline(transaction=False)
        for name in names[at : at + _BATCH]:
            pipe.memory_usage(name)
        answers = await pipe.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, NoPermissionError):
                raise answer
        found += [answer for answer in answers if isinstance(answer, int)]
    return found


def _estimate(count: int, sizes: Sequence[int]) -> Estimate:
    """What so many keys take, of which some have these sizes (bytes)."""
    if not sizes:
        return Estimate(count)
    mean, left_out = statistics.fmean(sizes), max(1 - len(sizes) / count, 0)
    spread = statistics.stdev(sizes) if len(sizes) > 1 else mean
    margin = _SURE * count * spread / math.sqrt(len(sizes)) * math.sqrt(left_out)
    return Estimate(count, round(count * mean), round(margin))
