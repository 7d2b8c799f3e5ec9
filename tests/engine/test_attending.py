"""Who attends a mind that a program uses: the program itself, a service elsewhere, or nobody."""

import asyncio
from typing import Any

import pytest

from tests.services import running, until
from thoughtstream import Mind, NoService, keys, sync
from thoughtstream.config import Settings, StreamConfig
from thoughtstream.coordination.agents import agent_key
from thoughtstream.coordination.membership import Membership, alive_services, attended_until
from thoughtstream.faces import overview

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def quick(settings: Settings) -> Settings:
    streams = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5)
    return settings.model_copy(update={"streams": streams})


async def remembers(mind: Mind, content: str) -> None:
    async def remembered() -> bool:
        return [hit.content for hit in await mind.recall(content)] == [content]

    await until(remembered)


async def alive(redis: Any) -> int:
    return len(await alive_services(redis))


async def test_two_lines_are_enough_for_a_mind_that_remembers(quick: Settings) -> None:
    async with Mind.connect("ana", attend=True, settings=quick) as mind:
        await mind.think("the kettle is on")
        await remembers(mind, "the kettle is on")


def test_so_they_are_without_an_event_loop(quick: Settings) -> None:
    with sync.Mind.connect("ana", attend=True, settings=quick) as mind:
        mind.think("the kettle is on")
        for won in mind.attended(since="0"):
            assert won.content == "the kettle is on"
            break


async def test_a_program_shares_with_services_and_hands_over_at_its_end(
    redis: Any, quick: Settings
) -> None:
    names = [f"mind {number}" for number in range(8)]
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        async with Mind.connect("bob", attend=True, settings=quick):

            async def both_serve() -> bool:
                shares = [one.about["minds"] for one in await alive_services(redis)]
                return len(shares) == 2 and sum(shares) == len(names) and all(shares)

            for name in names:
                await redis.xadd(f"thought:{{{name}}}:window:sensory", {"content": name})
            await until(both_serve)
        assert await alive(redis) == 1
        await mind.think("the tea is cold")
        await remembers(mind, "the tea is cold")


async def test_who_would_think_into_nothing_is_warned_once(redis: Any, quick: Settings) -> None:
    async with Mind.connect("ana", settings=quick) as mind:
        with pytest.warns(NoService, match=r"thoughtstream up.*attend=True") as told:
            await mind.think("is anybody there?")
        assert told[0].filename == __file__
        await mind.think("no answer")
    async with Mind.connect("ana", settings=quick) as mind:
        with pytest.warns(NoService) as told:
            waiting = asyncio.ensure_future(anext(mind.attended()))

            async def is_told() -> bool:
                return bool(told)

            await until(is_told)
            waiting.cancel()


async def test_nobody_is_warned_of_a_service_that_may_only_be_late(
    redis: Any, quick: Settings
) -> None:
    membership = Membership(redis)
    await membership.renew(0)
    state = agent_key(keys.AGENT_STATE, membership.id)
    await redis.hset(state, "ends", 1)
    assert await alive(redis) == 0
    async with Mind.connect("ana", settings=quick) as mind:
        await mind.think("is anybody there?")
    await redis.hset(state, "clock", 1)
    async with Mind.connect("ana", settings=quick) as mind:
        with pytest.warns(NoService):
            await mind.think("is anybody there?")


async def test_nobody_is_warned_where_somebody_attends(quick: Settings) -> None:
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        await mind.think("the kettle is on")
    async with Mind.connect("ana", settings=quick) as mind:
        await mind.attend()
        await mind.think("by hand")


async def test_the_status_says_since_when_nobody_attends(redis: Any, quick: Settings) -> None:
    assert await attended_until(redis) is None
    before = int((await redis.time())[0]) * 1000
    async with running(quick):
        assert "attended_until" not in (await overview.collect(quick))["service"]
    said = (await overview.collect(quick))["service"]
    assert said["alive"] is False
    assert before <= said["attended_until"]
