"""Does each domain of keys keep to its budget? The findings of `doctor`, the lines of `status`."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from thoughtstream.config import BudgetsConfig
from thoughtstream.health.checks import KEYS_LOOKED_AT, Finding
from thoughtstream.health.sample import Estimate, Sample, look
from thoughtstream.keys import Domain

_MIB = 1 << 20
_CHECK = "memory by domain"
_CURES = {
    Domain.THOUGHTS: "lower streams.working_memory_maxlen or streams.rejected_maxlen",
    Domain.MEMORIES: "bound memories (streams.episodic_memory_maxlen), or lower "
    "streams.unconscious_maxlen",
    Domain.COORDINATION: "work off what waits (`thoughtstream tasks audit`), or lower queue.bytes",
    Domain.AGENTS: "lower agents.offline_ttl_s, so that who is gone is forgotten sooner",
    Domain.CACHE: "lower cache.ttl_s or cache.value_bytes",
    Domain.INFERENCE: "have fewer lineages",
}


@dataclass(frozen=True, slots=True)
class Spent:
    """What a domain takes, of what it may (0: the server has no maxmemory to share out)."""

    domain: Domain
    estimate: Estimate
    budget: int

    @property
    def beyond(self) -> bool:
        """Surely more than it may."""
        return 0 < self.budget < self.estimate.bytes - self.estimate.margin

    def __str__(self) -> str:
        one = self.estimate
        sure = f" ± {_mb(one.margin)}" if one.margin >= _MIB // 20 else ""
        of = f" of {_mb(self.budget)}" if self.budget else ""
        return f"{self.domain} {_mb(one.bytes)}{sure}{of} MB"


def spent(sample: Sample, config: BudgetsConfig, maxmemory: int) -> list[Spent]:
    """Of each domain of a server with so much memory (bytes; 0: no limit)."""
    plan = config.planned(maxmemory)
    return [Spent(domain, one, plan[domain]) for domain, one in sample.domains.items()]


async def newest(server: Redis, known: Sample | None, now_ms: int) -> Sample | None:
    """A sample of a server that is taken now, where that is quick and permitted, else the last that
    a service took; None: there is none.
    """

    async def now() -> int:
        return now_ms

    if await server.dbsize() > KEYS_LOOKED_AT:
        return known
    try:
        return await look(server, now, lambda: asyncio.sleep(0))
    except NoPermissionError:
        return known


def findings(
    info: dict[str, Any], sample: Sample | None, config: BudgetsConfig, now_ms: int
) -> Iterator[Finding]:
    """Whether the plan fits this server, and each domain its budget. Source: INFO, the sample."""
    maxmemory = int(info["maxmemory"])
    planned = sum(config.planned(maxmemory).values())
    if 0 < maxmemory < planned:
        found = f"the domains may take {_mb(planned)} MB together, of {_mb(maxmemory)} MB"
        yield Finding("memory plan", "bad", found, "lower [budgets], or raise maxmemory")
    if sample is None:
        found = "too many keys to sample them now; a service does it every budgets.sample_every_s"
        yield Finding(_CHECK, "unknown", found)
        return
    all_ = spent(sample, config, maxmemory)
    age = f"sampled {max(now_ms - sample.at, 0) // 60_000} min ago"
    beyond = [one for one in all_ if one.beyond]
    for one in beyond:
        found = f"{one}, most of it {sample.largest(one.domain)}; {age}"
        cure = f"{_CURES[one.domain]}; or raise budgets.{one.domain} (and maxmemory)"
        yield Finding(f"budget of {one.domain}", "bad", found, cure)
    if not beyond:
        said = ", ".join(str(one) for one in all_ if one.estimate.keys) or "there are no keys"
        yield Finding(_CHECK, "fine", f"{said}; {age}")


def _mb(count: int) -> str:
    return f"{count / _MIB:,.1f}"
