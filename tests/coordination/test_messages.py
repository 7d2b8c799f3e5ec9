"""Messages: to whom there is, in order, until they are read; the sender is told."""

import asyncio
import time

import pytest

from tests.coordination.conftest import LEASE_S, until
from thoughtstream.colony import Colony
from thoughtstream.config import QueueConfig, Settings
from thoughtstream.coordination.messages import inbox_queue
from thoughtstream.coordination.models import NewTask
from thoughtstream.errors import AgentUnknown, InvalidTask, QueueFull
from thoughtstream.store.client import Client


async def test_a_message_is_delivered_taken_out_read_and_answered(colony: Colony) -> None:
    async with colony.join("ana") as ana:
        handle = await colony.send("bo", "ana", "wie geht's?\n日本語")
        assert (await handle.state()).state == "submitted"
        [message] = await ana.inbox()
        assert (message.sender, message.text) == ("bo", "wie geht's?\n日本語")
        assert (await handle.state()).state == "working"
        assert await message.read(answer={"so": "so"})
        assert await handle.result(5) == {"so": "so"}


@pytest.mark.parametrize("to", ["nobody", "ana", "{x}"])
async def test_what_is_sent_to_nobody_is_refused_and_kept_nowhere(
    to: str, colony: Colony, redis: Client
) -> None:
    await colony.register("ana")
    await colony.leave("ana")
    before = {key async for key in redis.scan_iter()}
    with pytest.raises(AgentUnknown, match=f"to: no agent '{to}' is registered"):
        await colony.send("bo", to, "hello?")
    assert {key async for key in redis.scan_iter()} == before


async def test_who_is_offline_reads_later_in_the_order_of_sending(colony: Colony) -> None:
    await colony.register("ana")
    handles = [await colony.send("bo", "ana", f"{number}") for number in range(20)]
    async with colony.join("ana") as ana:
        for number in range(0, 20, 5):
            messages = await ana.inbox(most=5)
            assert [m.text for m in messages] == [str(n) for n in range(number, number + 5)]
            for message in messages:
                assert await message.read()
        assert await ana.inbox() == []
    assert [(await handle.state()).state for handle in handles] == ["completed"] * 20


async def test_what_was_not_read_comes_back_in_its_place_and_is_read_once(colony: Colony) -> None:
    await colony.register("ana")
    for text in ("first", "second"):
        await colony.send("bo", "ana", text)
    [lost] = await colony.inbox("ana")
    await asyncio.sleep(LEASE_S)
    messages = await colony.inbox("ana", most=2, wait_s=5)
    assert [m.text for m in messages] == ["first", "second"]
    assert not await lost.read("too late")
    assert [await message.read("in time") for message in messages] == [True, True]


async def test_a_message_that_is_kept_or_given_back(colony: Colony) -> None:
    await colony.register("ana")
    await colony.send("bo", "ana", "take your time")
    [message] = await colony.inbox("ana")
    for _ in range(4):
        await asyncio.sleep(LEASE_S / 3)
        assert await message.keep()
    assert await colony.inbox("ana") == []
    assert await message.give_back()
    assert not await message.give_back()
    assert [m.text for m in await colony.inbox("ana")] == ["take your time"]


async def test_who_waits_is_woken_at_once(colony: Colony) -> None:
    async with colony.join("ana") as ana:
        waiting = asyncio.create_task(ana.inbox(wait_s=30))
        await until(lambda: _listens(colony))
        began = time.monotonic()
        await colony.send("bo", "ana", "wake up")
        [message] = await waiting
        assert time.monotonic() - began < 1
        assert await message.read()
        assert await ana.inbox(wait_s=0.05) == []


async def _listens(colony: Colony) -> bool:
    return bool((await colony.queue("agent_status:ana").audit()).idle_workers)


async def test_a_slow_agent_holds_up_nobody(redis: Client, settings: Settings) -> None:
    small = settings.model_copy(update={"queue": QueueConfig(entries=3)})
    async with Colony.connect(settings=small) as colony:
        await colony.register("slow")
        async with colony.join("quick") as quick:
            for _ in range(3):
                await colony.send("bo", "slow", "x")
            with pytest.raises(QueueFull, match="agent_status:slow"):
                await colony.send("bo", "slow", "x")
            await colony.send("bo", "quick", "x")
            assert len(await quick.inbox()) == 1
            [slow] = [status for status in await colony.agents() if status.id == "slow"]
            assert slow.inbox["waiting"] == 3


async def test_a_message_that_is_too_large_is_refused(colony: Colony) -> None:
    await colony.register("ana")
    with pytest.raises(InvalidTask, match="payload"):
        await colony.send("bo", "ana", "x" * 16_000_000)


async def test_what_others_put_there_is_text_from_nobody(colony: Colony, redis: Client) -> None:
    await colony.register("ana")
    await colony.queue("agent_status:ana").submit(*map(NewTask, ("[1", "[]", '{"from": "x"}')))
    messages = await colony.inbox("ana", most=5)
    assert [(m.sender, m.text) for m in messages] == [
        ("", "[1"), ("", "[]"), ("", '{"from": "x"}'),
    ]  # fmt: skip
    assert (await inbox_queue(redis, "ana", QueueConfig()).audit()).balanced
