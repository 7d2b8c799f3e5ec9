"""What Redis has is read as metrics: of all minds together, and never by mind."""

from collections import defaultdict
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics

from tests.engine.test_acl import user
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.acl import SERVICE, Grant
from thoughtstream.attention.models import COUNTS
from thoughtstream.config import ConfigError, Settings, StreamConfig
from thoughtstream.faces.metrics import reading
from thoughtstream.faces.metrics.audits import Audits
from thoughtstream.faces.metrics.exposition import Exposition
from thoughtstream.faces.metrics.reading import Reader
from thoughtstream.health.sampler import Sampler
from thoughtstream.measuring import redis as metrics
from thoughtstream.measuring.metric import Metric
from thoughtstream.measuring.redis import FATES, REDIS
from thoughtstream.store.client import Client

MARK = "the secret name of the kettle"


async def read(settings: Settings) -> dict[Metric, dict[tuple[str, ...], float]]:
    reader, found = Reader(settings), defaultdict[Metric, dict[tuple[str, ...], float]](dict)
    try:
        for metric, value, labels in await reader.read():
            found[metric][labels] = value
    finally:
        await reader.aclose()
    return found


def test_the_fates_are_those_of_the_ledger() -> None:
    assert set(FATES) == set(COUNTS)


async def test_minds_are_summed(redis: Client, settings: Settings) -> None:
    streams = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5)
    quick = settings.model_copy(update={"streams": streams})
    async with (
        running(quick),
        Mind.connect("ana", settings=quick) as ana,
        Mind.connect("ben", settings=quick) as ben,
    ):
        for mind in (ana, ben):
            await mind.think(MARK, salience=0.9)
            await mind.anchor("a kettle is a pot", kind="semantic")

        async def is_remembered() -> bool:
            found = await read(quick)
            return found[metrics.MEMORIES][("episodic",)] == 2

        await until(is_remembered)
        found = await read(quick)
    assert found[metrics.UP] == {(): 1}
    assert found[metrics.SERVICES] == {(): 1}
    assert found[metrics.MINDS] == {(): 2}
    assert found[metrics.THOUGHTS][("attended",)] >= 2
    assert found[metrics.MEMORIES] == {("episodic",): 2, ("semantic",): 2, ("procedural",): 0}
    assert found[metrics.DIFFERENCE] == {(): 0}
    assert found[metrics.UNREAD] == found[metrics.LAG] == {(): 0}


async def test_who_waits_for_a_service_is_seen(redis: Client, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.anchor("the kettle is on")
        await mind.think("first")
        assert (await read(settings))[metrics.UNREAD] == {(): 1}
        await redis.execute_command(
            "XADD", keys.WINDOW.key(mind="ana", window="emotion"), "1000-0", "content", "long ago"
        )
        found = await read(settings)
    assert found[metrics.UNREAD] == {(): 2}
    [lag] = found[metrics.LAG].values()
    assert lag > 1_000_000_000  # since 1970
    assert found[metrics.SERVICES] == {(): 0}


async def test_a_ledger_that_does_not_balance_is_seen(redis: Client, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.anchor("the kettle is on")
        await redis.hincrby(keys.LEDGER.key(mind="ana"), "anchored", 1)
        assert (await read(settings))[metrics.DIFFERENCE][()] > 0


async def test_every_mind_has_its_turn_to_be_audited(redis: Client, settings: Settings) -> None:
    names = [f"mind {number}" for number in range(5)]
    for name in names:
        async with Mind.connect(name, settings=settings) as mind:
            await mind.anchor("the kettle is on")
    audits = Audits(at_once=2)

    async def age_at(now: float) -> float:
        difference, age = await audits.go_on(redis, names, now)
        assert difference.value == 0
        return age.value

    assert [await age_at(now) for now in (0, 10, 20, 30, 40)] == [0, 10, 20, 20, 20]


async def test_domains_are_held_against_their_budgets(redis: Client, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.anchor("the kettle is on")
    await redis.execute_command("CONFIG SET", "maxmemory", "100mb")
    assert await Sampler(redis, settings.budgets).sample()
    found = await read(settings)
    await redis.execute_command("CONFIG SET", "maxmemory", "0")
    assert found[metrics.DOMAIN_BYTES][("memories",)] > 0
    assert found[metrics.DOMAIN_BUDGET][("memories",)] == 20 << 20
    [age] = found[metrics.SAMPLE_AGE].values()
    assert age < 60
    assert found[metrics.MOST] == {("redis",): 100 << 20}
    assert found[metrics.AOF_WRITE] == {("redis",): 1}


async def test_a_redis_that_does_not_answer_is_down(settings: Settings) -> None:
    away = settings.redis.model_copy(update={"url": "redis://127.0.0.1:1/0"})
    found = await read(settings.model_copy(update={"redis": away}))
    assert found == {metrics.UP: {(): 0}}


async def test_a_reading_is_shared(
    redis: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(settings)
    first = await reader.read()
    assert await reader.read() is first
    monkeypatch.setattr(reading, "FRESH_S", 0)
    assert await reader.read() is not first
    await reader.aclose()


async def test_no_series_tells_of_one_mind(redis: Client, settings: Settings) -> None:
    async with Mind.connect("ana the mind", settings=settings) as mind:
        await mind.think(MARK)
        await mind.anchor(MARK)
    reader = Reader(settings)
    text, kind = await Exposition(reader, CollectorRegistry()).text("application/openmetrics-text")
    await reader.aclose()
    assert kind.startswith("application/openmetrics-text")
    told = text.decode()
    assert MARK not in told
    assert "ana" not in told
    families: Any = open_metrics(told)  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert names == {metric.name.removesuffix("_total") for metric in REDIS}


async def test_the_user_of_a_service_may_read_all_of_it(redis: Client, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.anchor("the kettle is on")
        await mind.think("a thought that waits")
    assert await Sampler(redis, settings.budgets).sample()
    everything = await read(settings)
    async with user(redis, settings, SERVICE.rules) as its:
        found = await read(its)
    assert found.keys() == everything.keys()
    less = Grant(SERVICE.commands.replace("+latency|latest", ""), SERVICE.writers)
    async with user(redis, settings, less.rules) as its:
        assert (await read(its)).keys() == everything.keys() - {metrics.SPIKE}
    async with user(redis, settings, Grant(SERVICE.commands).rules) as its:
        with pytest.raises(ConfigError, match="does not allow this user"):
            await read(its)
    assert {metrics.SPIKE, metrics.LAG, metrics.DOMAIN_BYTES, metrics.FORK} <= found.keys()
