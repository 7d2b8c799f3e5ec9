"""What agents learn is kept: nothing is lost or counted twice, and what is forbidden is refused."""

import math
from typing import Any

import pytest
from numpy.testing import assert_allclose

from tests.learning.observers import observe_at_once
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.config import InferenceConfig, RedisConfig, Settings
from thoughtstream.errors import Forbidden, InvalidBelief, RedisUnavailable
from thoughtstream.inference.mixture import Mixture
from thoughtstream.inference.priors import DISCOUNT, Basal, Statistics, expectations
from thoughtstream.learning.lineage import Lineage
from thoughtstream.store.client import Client
from thoughtstream.store.connection import connect

VALUES = [4.0, 5.5, 4.5, 20.0, 21.0, 20.5, 19.0]


def seen(values: list[float], discount: float) -> Statistics:
    found = Statistics()
    for value in values:
        found = found.after(value, discount)
    return found


async def lineage_of(redis: Client, **config: int) -> Lineage:
    lineage = Lineage(redis, "kin", InferenceConfig(**config))
    await lineage.found("tea", 5, 3, least=0, most=100)
    return lineage


async def test_it_learns_as_the_mathematics_says(redis: Client) -> None:
    """Two agents in turn: the Functions in Redis, and the same in Python beside them."""
    lineage, basal = await lineage_of(redis), Basal(5, 3, 0, 100)
    own: dict[str, list[float]] = {"ana": [], "bob": []}
    mixtures = {"ana": Mixture.of(4), "bob": Mixture.of(4)}
    for n, value in enumerate(VALUES * 3):
        agent = ("ana", "bob")[n % 2]
        all_ = Statistics.sum(seen(them, DISCOUNT["lineage"]) for them in own.values())
        inner = [seen(own[agent], DISCOUNT[level]) for level in ("dispositional", "learned")]
        expected = expectations(basal, [all_, *inner])
        means, variances = zip(*((one.mean, one.variance) for one in expected), strict=True)
        losses = [one.surprise(value) for one in expected]
        mean, variance = mixtures[agent].predicted(means, variances)

        observed = await lineage.observe(agent, "tea", value)
        assert_allclose(observed.expected.mean, mean, rtol=1e-10)
        assert_allclose(observed.expected.deviation, math.sqrt(variance), rtol=1e-10)
        assert_allclose(observed.surprise, mixtures[agent].loss(losses), rtol=1e-10)
        mixtures[agent] = mixtures[agent].after(losses)
        own[agent].append(value)
        assert observed.observations == len(own[agent])
    belief = await lineage.believes("tea", "ana")
    assert_allclose([*belief.weights.values()], mixtures["ana"].weights, rtol=1e-10)
    assert belief.observations == len(own["ana"])
    assert {*belief.levels} == {*belief.weights} == {"basal", "lineage", "dispositional", "learned"}
    together = await lineage.believes("tea")
    assert together.observations == len(VALUES) * 3
    learned = Statistics.sum(seen(them, DISCOUNT["learned"]) for them in own.values())
    assert together.expected.mean == together.levels["learned"].mean
    assert abs(together.expected.mean - learned.mean) < 1


async def test_it_recovers_from_the_most_extreme_values(redis: Client) -> None:
    lineage = Lineage(redis, "kin")
    await lineage.found("tea", 1e-60, 1e-60)
    for value in (1e60, -1e60, *[3.0] * 300):
        observed = await lineage.observe("ana", "tea", value)
        assert math.isfinite(observed.surprise)
    belief = await lineage.believes("tea", "ana")
    assert belief.observations == 302 and sum(belief.weights.values()) == pytest.approx(1)
    assert math.isfinite(belief.expected.deviation)


async def test_errors_are_told_of_each_level_and_of_all_together(redis: Client) -> None:
    lineage = await lineage_of(redis)
    for value in [20.0] * 60:
        await lineage.observe("ana", "tea", value)
    belief = await lineage.believes("tea", "ana")
    assert belief.levels["basal"].error == pytest.approx(15)
    assert (belief.levels["learned"].error or 9) < 8 and (belief.expected.error or 9) < 8
    assert belief.total_error["basal"] == pytest.approx(15)
    assert belief.total_error["expected"] < 4
    assert abs(belief.expected.mean - 20) < 0.5


@pytest.mark.parametrize("agents", [["ana"] * 4, ["ana", "bob", "cy", "ana"]])
async def test_of_many_processes_nothing_is_lost(
    redis: Client, server: RedisServer, agents: list[str]
) -> None:
    """Several of one agent, too."""
    lineage = await lineage_of(redis)
    observe_at_once(server.url, agents, [7.0] * 50)
    assert (await lineage.believes("tea")).observations == 200
    for agent in {*agents}:
        assert (await lineage.believes("tea", agent)).observations == 50 * agents.count(agent)
    for level, discount in DISCOUNT.items():
        key = keys.PRIOR.key(lineage="kin", level=level, quantity="tea")
        kept = str(await redis.hget(key, "ana"))
        _, weight, mean, squares = map(float, kept.split())
        alone = seen([7.0] * 50 * agents.count("ana"), discount)
        assert_allclose((weight, mean, squares), (alone.weight, 7.0, 0), rtol=1e-9)


async def test_looking_changes_nothing(redis: Any) -> None:
    lineage = await lineage_of(redis)
    await lineage.observe("ana", "tea", 6)
    key = keys.PRIOR.key(lineage="kin", level="lineage", quantity="tea")
    before, believed = await redis.hgetall(key), await lineage.believes("tea", "ana")
    for _ in range(20):
        assert await lineage.believes("tea", "ana") == believed
    await lineage.found("tea", 5, 3, least=0, most=100)
    assert await redis.hgetall(key) == before


async def test_a_basal_prior_never_changes(redis: Client) -> None:
    lineage = await lineage_of(redis)
    with pytest.raises(InvalidBelief, match=r"tea: has the basal prior .* which never changes"):
        await lineage.found("tea", 6, 3)
    assert await lineage.quantities() == {"tea": Basal(5, 3, 0, 100)}


async def test_what_is_forbidden_is_refused_and_nothing_is_written(redis: Any) -> None:
    await lineage_of(redis)
    for lineage in (Lineage(redis, "kin"), await lineage_of(redis)):
        for value in (101.0, -1.0):
            with pytest.raises(Forbidden, match=r"tea: value: is .* allows 0 to 100; nothing was"):
                await lineage.observe("ana", "tea", value)
    assert await redis.keys("prior:*learned*") == await redis.keys("inference:*") == []


async def test_what_is_forbidden_is_refused_while_redis_is_away(own_server: RedisServer) -> None:
    async with connect(RedisConfig(url=own_server.url)) as redis:
        lineage = await lineage_of(redis)
        never_read = Lineage(redis, "kin")
        assert await lineage.check("tea", 4) == 4
        own_server.kill()
        assert await lineage.check("tea", 4) == 4
        for ask in (lineage.check("tea", 101), lineage.observe("ana", "tea", 101)):
            with pytest.raises(Forbidden):
                await ask
        with pytest.raises(RedisUnavailable):
            await never_read.check("tea", 4)


async def test_what_was_learned_survives_a_kill(own_server: RedisServer) -> None:
    async with connect(RedisConfig(url=own_server.url)) as redis:
        lineage = await lineage_of(redis)
        for value in VALUES:
            await lineage.observe("ana", "tea", value)
        await redis.execute_command("WAITAOF", 1, 0, 5000)
        before = await lineage.believes("tea", "ana")
    own_server.kill()
    own_server.start()
    async with connect(RedisConfig(url=own_server.url)) as redis:
        assert await Lineage(redis, "kin").believes("tea", "ana") == before


async def test_who_is_forgotten_counts_no_more(redis: Any) -> None:
    lineage = await lineage_of(redis)
    await lineage.observe("bob", "tea", 6)
    alone = await lineage.believes("tea")
    await lineage.observe("ana", "tea", 60)
    assert await lineage.forget("ana") == 1 and await lineage.forget("ana") == 0
    assert await lineage.believes("tea") == alone
    assert await redis.keys("inference:{ana}:*") == []


async def test_there_is_room_for_so_many(redis: Client) -> None:
    lineage = await lineage_of(redis, agents=2, quantities=1)
    for agent in ("ana", "bob", "ana"):
        await lineage.observe(agent, "tea", 4)
    with pytest.raises(InvalidBelief, match="agent: 2 agents have observed tea; forget one"):
        await lineage.observe("cy", "tea", 4)
    with pytest.raises(InvalidBelief, match="quantity: the lineage kin has 1 of them"):
        await lineage.found("coffee", 1, 1)


async def test_what_is_wrong_is_named(redis: Any) -> None:
    lineage = await lineage_of(redis)
    with pytest.raises(InvalidBelief, match="quantity: 'coffee' has no basal prior in the lineage"):
        await lineage.observe("ana", "coffee", 1)
    with pytest.raises(InvalidBelief, match="value: are no numbers; give floats"):
        await lineage.observe("ana", "tea", "x")  # type: ignore[arg-type]
    with pytest.raises(InvalidBelief, match=r"value: is 1e\+61; give a number from -1e\+60 to"):
        await lineage.observe("ana", "tea", 1e61)
    with pytest.raises(InvalidBelief, match="agent: is empty"):
        await lineage.observe("", "tea", 1)
    with pytest.raises(InvalidBelief, match="lineage: is empty"):
        Lineage(redis, "")
    with pytest.raises(InvalidBelief, match="deviation: is -1"):
        await lineage.found("coffee", 1, -1)
    await redis.hset(keys.PRIOR.key(lineage="kin", level="learned", quantity="tea"), "ana", "odd")
    with pytest.raises(InvalidBelief, match="holds 'odd', which Thoughtstream has not written"):
        await lineage.believes("tea", "ana")


async def test_an_agent_learns_in_the_lineage_of_its_mind(
    redis: Client, settings: Settings
) -> None:
    async with Colony.connect(settings=settings) as colony:
        await colony.lineage("kin").found("tea", 5, 3)
        await colony.lineage().found("tea", 1, 1)
        async with colony.join("its ana", mind="ana", lineage="kin") as ana:
            await ana.observe("tea", 6)
            assert (await ana.believes("tea")).levels["basal"].mean == 5
        async with colony.join("bob") as bob:
            assert (await bob.observe("tea", 6)).expected.mean == 1
            assert (await bob.believes("tea", lineage="kin")).observations == 0
        assert (await colony.lineage("kin").believes("tea")).observations == 1
