"""What each domain takes of a server's memory: the estimates against the truth, one at a time."""

import asyncio
import random
from typing import Any

import pytest

from tests.services import running, until
from thoughtstream import config, keys
from thoughtstream.colony import Colony
from thoughtstream.config import BudgetsConfig, ConfigError, Settings
from thoughtstream.coordination.models import NewTask
from thoughtstream.health.budgets import spent
from thoughtstream.health.sample import MEASURED, Estimate, Sample, kept, look
from thoughtstream.health.sampler import LIBRARY, Sampler
from thoughtstream.keys import Domain, Family
from thoughtstream.store.connection import connect

CACHED = 10 * MEASURED


async def fill(redis: Any, settings: Settings) -> None:
    """Keys of many sizes in one family, few in others."""
    chance = random.Random(1)
    pipe = redis.pipeline(transaction=False)
    for n in range(CACHED):
        value = "x" * round(chance.expovariate(1 / 500))
        pipe.set(keys.CACHE.key(key=f"k{n}"), value, ex=3600)
    await pipe.execute()
    async with Colony.connect(settings=settings) as colony:
        await colony.queue("chores").submit(*[NewTask("x" * 50)] * 100)
        await colony.register("ana")


async def truth(redis: Any) -> dict[str, int]:
    """What each family takes: every key measured."""
    found: dict[str, int] = {}
    async for key in redis.scan_iter():
        family = keys.family_of(key)
        if family is not None:
            found[family.pattern] = found.get(family.pattern, 0) + await redis.memory_usage(key)
    return found


async def look_at_once(redis: Any) -> Sample:
    async def now() -> int:
        return 0

    return await look(redis, now, lambda: asyncio.sleep(0))


async def test_estimates_are_as_sure_as_they_say(redis: Any, settings: Settings) -> None:
    random.seed(1)
    await fill(redis, settings)
    true = await truth(redis)
    await redis.set("somebody:elses", "x")
    sample = await look_at_once(redis)
    await redis.delete("somebody:elses")
    assert sample.strangers == 1
    assert sample.families.keys() == true.keys()
    cache = sample.families.pop(keys.CACHE.pattern)
    assert cache.keys == CACHED
    assert 0 < cache.margin < cache.bytes / 4
    assert abs(cache.bytes - true.pop(keys.CACHE.pattern)) <= 2 * cache.margin
    assert {name: (one.bytes, one.margin) for name, one in sample.families.items()} == {
        name: (size, 0) for name, size in true.items()
    }, "of a family with few keys, all are measured"


async def test_what_a_look_costs_is_in_small_steps(redis: Any, settings: Settings) -> None:
    await fill(redis, settings)
    there, steps = await redis.dbsize(), 0

    async def between() -> None:
        nonlocal steps
        steps += 1

    async def now() -> int:
        return 0

    await redis.config_resetstat()
    await look(redis, now, between)
    stats = await redis.info("commandstats")
    assert steps >= there / 150, "a pause after each 100 keys, or somewhat more"
    assert stats["cmdstat_memory|usage"]["calls"] <= 2 * MEASURED


async def test_one_samples_at_a_time_and_not_too_often(redis: Any, settings: Settings) -> None:
    samplers = [Sampler(redis, settings.budgets) for _ in range(5)]
    assert sum(await asyncio.gather(*(one.sample() for one in samplers))) == 1
    assert not await samplers[0].sample(), "it was done just now"
    assert set(await kept(redis)) == {""}


async def test_who_was_overtaken_changes_nothing(redis: Any, settings: Settings) -> None:
    key, now = keys.MEMORY.key(), 1_000_000
    slow = await LIBRARY.call(redis, "sampler_begin_1", [key], (now, 100, 1000))
    assert await LIBRARY.call(redis, "sampler_begin_1", [key], (now + 50, 100, 1000)) is None
    quick = await LIBRARY.call(redis, "sampler_begin_1", [key], (now + 200, 100, 1000))
    assert not await LIBRARY.call(redis, "sampler_renew_1", [key], (slow, now + 200, 100))
    assert not await LIBRARY.call(redis, "sampler_finish_1", [key], (slow, now + 200, "", "x"))
    assert await LIBRARY.call(redis, "sampler_finish_1", [key], (quick, now + 200, "a", "{}"))
    again = await LIBRARY.call(redis, "sampler_begin_1", [key], (now - 5000, 100, 1000))
    assert again is not None, "the clock was set back: it is time"
    assert await LIBRARY.call(redis, "sampler_finish_1", [key], (again, now - 5000, "b", "{}"))
    assert [field for field in await redis.hkeys(key) if field.startswith("at ")] == ["at b"]


async def test_a_service_does_it_by_itself(redis: Any, settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        await colony.cache.set("k", "x" * 10_000)
    async with running(settings):

        async def sampled() -> bool:
            return bool(await kept(redis))

        await until(sampled)
    sample = (await kept(redis))[""]
    assert sample.domains[Domain.CACHE].keys == 1
    assert 10_000 < sample.domains[Domain.CACHE].bytes < 20_000 < sample.data_bytes
    assert 0 < sample.accounted < 1
    assert sample.largest(Domain.CACHE) == keys.CACHE.pattern
    assert Sample.of(sample.text()) == sample


async def test_it_is_done_when_redis_is_full(redis: Any, settings: Settings) -> None:
    await LIBRARY.ensure(redis)
    await redis.config_set("maxmemory", 1)
    try:
        assert await Sampler(redis, settings.budgets).sample()
    finally:
        await redis.config_set("maxmemory", 0)
    assert set(await kept(redis)) == {""}


async def test_a_user_who_may_not_is_left_alone(redis: Any, settings: Settings) -> None:
    rules = ("reset", "on", ">x", "~*", "+@all", "-memory", "-function|load")
    await redis.execute_command("ACL", "SETUSER", "one", *rules)
    access = settings.redis.model_dump() | {"username": "one", "password": "x"}
    await redis.set(keys.CACHE.key(key="k"), "1", ex=60)
    await LIBRARY.ensure(redis)
    async with connect(settings.redis.model_validate(access)) as user:
        await Sampler(user, settings.budgets).run()
    await redis.execute_command("ACL", "DELUSER", "one")
    assert await kept(redis) == {}


def test_every_domain_has_a_budget_and_they_fit() -> None:
    plan = BudgetsConfig().planned(1000)
    assert plan.keys() == set(Domain)
    assert sum(plan.values()) == 950
    assert BudgetsConfig(cache="2mb", agents="10%").planned(1000) | {"x": 0} == plan | {
        "cache": 2 << 20, "agents": 100, "x": 0,
    }  # fmt: skip


@pytest.mark.parametrize("amount", ["", "10", "0%", "-1%", "1.5gb", "mb", "10 %"])
def test_what_is_no_budget(amount: str) -> None:
    with pytest.raises(ConfigError, match=r"budgets\.cache"):
        config.load(budgets={"cache": amount})


def test_beyond_is_only_what_is_surely_beyond() -> None:
    def sample(bytes_: int, margin: int) -> Sample:
        return Sample(0, 0, 0, {keys.CACHE.pattern: Estimate(5, bytes_, margin)})

    def beyond(sample: Sample, maxmemory: int) -> list[Domain]:
        return [one.domain for one in spent(sample, BudgetsConfig(), maxmemory) if one.beyond]

    assert beyond(sample(500, 50), 1000) == [Domain.CACHE]
    assert beyond(sample(500, 150), 1000) == []
    assert beyond(sample(500, 50), 0) == [], "a server without maxmemory has nothing to share out"


@pytest.mark.parametrize("family", keys.FAMILIES, ids=lambda family: family.pattern)
def test_every_key_has_its_family(family: Family) -> None:
    parts = dict.fromkeys(
        (
            "mind",
            "window",
            "session",
            "queue",
            "listener",
            "key",
            "kind",
            "stream",
            "run",
            "architecture",
            "space",
        ),
        "a:b",
    )
    parts |= dict.fromkeys(("id", "reservation", "domain", "part", "agent"), "x [y]")
    parts |= dict.fromkeys(("lineage", "level", "quantity"), "a:basal")
    assert keys.family_of(family.key(**parts)) == family
    assert keys.family_of("no:" + family.key(**parts)) is None
