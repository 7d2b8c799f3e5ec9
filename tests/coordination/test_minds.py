"""Agents that have a mind: the strongest packet becomes a thought there, and what one mind of a
lineage learnt the others know; each once, whoever is killed in between.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.clusters import cluster
from tests.coordination.conftest import short, until
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind, keys
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.packets import Packet
from thoughtstream.errors import InvalidTask
from thoughtstream.store.client import Client

KIN = "kin"


async def thoughts(redis: Client, mind: str) -> list[dict[str, str]]:
    """What is in its `reasoning` window."""
    found: Any = await redis.xrange(keys.WINDOW.key(mind=mind, window="reasoning"))
    return [fields for _, fields in found]


async def ledger(redis: Client, mind: str) -> dict[str, int]:
    found: Any = await redis.hgetall(keys.LEDGER.key(mind=mind))
    return {name: int(count) for name, count in found.items() if name.startswith("packets_")}


async def semantic(redis: Client, mind: str) -> list[dict[str, str]]:
    """What a mind knows."""
    found: Any = await redis.xrange(keys.SEMANTIC.key(mind=mind))
    return [fields for _, fields in found]


async def knows(redis: Client, mind: str, *contents: str) -> bool:
    return sorted(one["content"] for one in await semantic(redis, mind)) == sorted(contents)


async def read(colony: Colony, agent: str, packets: int) -> bool:
    """Whether all of so many packets are out of its inbox."""
    return (await colony.queue(f"agent_status:{agent}").audit()).completed == packets


# --- packets become thoughts ---------------------------------------------------------------------
async def the_strongest_is_thought(colony: Colony, mind: str) -> None:
    redis, activations = colony.redis, (0.2, 0.9, 0.5, 0.9, 0.0)
    await colony.register("seed")
    packets = [Packet("s1", "physics", f"it is {a}", a, targets=("seed",)) for a in activations]
    for packet in packets:
        await colony.dispatch(packet)
    strongest = min(packets[1], packets[3], key=lambda packet: (packet.created, packet.id))
    await colony.send("bo", "seed", "a message")
    async with colony.join("seed", mind=mind) as agent:
        [status] = [one for one in await colony.agents() if one.id == "seed"]
        assert status.about == {"mind": mind}
        await until(lambda: read(colony, "seed", 5))
        [thought] = await thoughts(redis, mind)
        assert thought == {
            "content": "it is 0.9", "salience": "0.9", "source": "packet", "agent": "seed",
            "packet": strongest.id, "seed": "s1", "domain": "physics",
        }  # fmt: skip
        assert await ledger(redis, mind) == {"packets_won": 1, "packets_lost": 4}
        [message] = await agent.inbox()
        assert message.text == "a message"
        await message.give_back()
        await colony.dispatch(Packet("s2", "d", "alone", 0.1, targets=("seed",)))
        await until(lambda: read(colony, "seed", 6))  # a message that waits keeps up no packet
        assert [one["content"] for one in await thoughts(redis, mind)] == ["it is 0.9", "alone"]
        [message] = await agent.inbox()
        assert await message.read()
        await colony.dispatch(Packet("s2", "d", "", 1, targets=("seed",)))
        await colony.dispatch(Packet("s2", "d", "handed over", 0.1, targets=("seed",)))
        await until(lambda: read(colony, "seed", 9))
    assert [one["content"] for one in await thoughts(redis, mind)][2:] == ["handed over"]


async def test_the_strongest_packet_becomes_a_thought(colony: Colony, settings: Settings) -> None:
    await the_strongest_is_thought(colony, "ana")
    async with Mind.connect("ana", settings=settings) as mind:
        won = (await mind.attend()).attended
        assert won is not None
        assert (won.content, won.window, won.score) == ("it is 0.9", "reasoning", 0.9)
        assert (await mind.audit()).balanced


async def test_two_agents_of_one_mind_think_a_packet_once(colony: Colony) -> None:
    async with colony.join("one", mind="ana"), colony.join("two", mind="ana"):
        for number in range(10):
            packet = Packet("s", "d", f"thought {number}", targets=("one", "two"))
            await colony.dispatch(packet)
        await until(lambda: read(colony, "one", 10))
        await until(lambda: read(colony, "two", 10))
    found = await thoughts(colony.redis, "ana")
    counts = await ledger(colony.redis, "ana")
    assert len({one["packet"] for one in found}) == len(found) == counts["packets_won"]
    assert counts["packets_won"] + counts.get("packets_lost", 0) == 10


# --- a lineage -----------------------------------------------------------------------------------
async def what_one_learns_all_know(colony: Colony, settings: Settings) -> None:
    redis, minds = colony.redis, ("ana", "bob", "cy {x}")
    async with AsyncExitStack() as joined, Mind.connect("ana", settings=settings) as ana:
        await ana.anchor("before anybody joined", kind="semantic")
        for name in minds:
            await joined.enter_async_context(colony.join(f"its {name}", mind=name, lineage=KIN))
        learnt = await ana.anchor("tea needs four minutes", kind="semantic", salience=0.7)
        await ana.anchor("the kettle is on")
        for name in minds[1:]:
            await until(partial(knows, redis, name, "tea needs four minutes"))
            [memory] = await semantic(redis, name)
            assert memory["shared_from"] == "ana" and memory["shared_id"] == learnt
            assert (memory["lineage"], memory["salience"], memory["source"]) == (
                KIN, "0.7", "lineage",
            )  # fmt: skip
        async with Mind.connect("bob", settings=settings) as bob:
            assert (await bob.recall("tea"))[0].fields["shared_from"] == "ana"
            await bob.anchor("milk comes last", kind="semantic")
            everything = ("before anybody joined", "tea needs four minutes", "milk comes last")
            await until(lambda: knows(redis, "ana", *everything))
            await until(lambda: knows(redis, "cy {x}", *everything[1:]))
            for name in minds:  # both memories came to each of them, and none for a second time
                await until(partial(read, colony, f"its {name}", 2))
            assert await knows(redis, "bob", *everything[1:])
            assert (await bob.audit()).balanced


async def test_what_one_mind_of_a_lineage_learns_all_know_once(
    colony: Colony, settings: Settings
) -> None:
    await what_one_learns_all_know(colony, settings)


async def test_a_mind_that_was_away_learns_it_later(colony: Colony, settings: Settings) -> None:
    redis = colony.redis
    async with colony.join("its bob", mind="bob", lineage=KIN):
        pass
    async with Mind.connect("ana", settings=settings) as ana:
        async with colony.join("its ana", mind="ana", lineage=KIN):
            await ana.anchor("while bob is away", kind="semantic")
            await until(lambda: read(colony, "its ana", 1))
        await ana.anchor("while ana is away, too", kind="semantic")
    assert await semantic(redis, "bob") == []
    async with colony.join("its bob", mind="bob", lineage=KIN):
        await until(lambda: knows(redis, "bob", "while bob is away"))
        async with colony.join("its ana", mind="ana", lineage=KIN):
            await until(lambda: knows(redis, "bob", "while bob is away", "while ana is away, too"))


async def test_what_is_of_another_lineage_is_not_learnt(colony: Colony) -> None:
    packet = Packet("eve", "lineage:other", "a lie", targets=("its bob",), memory="1-1@reasoning")
    async with colony.join("its bob", mind="bob", lineage=KIN):
        await colony.dispatch(packet)
        await until(lambda: read(colony, "its bob", 1))
    assert await semantic(colony.redis, "bob") == []
    assert await thoughts(colony.redis, "bob") == []


@pytest.mark.parametrize(
    ("options", "field"),
    [({"lineage": KIN}, "lineage"), ({"mind": ""}, "mind"), ({"mind": "a", "lineage": ""}, "lin")],
)
def test_a_mind_or_lineage_that_can_be_none_is_refused(
    colony: Colony, options: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidTask, match=f"^{field}"):
        colony.join("ana", **options)  # type: ignore[arg-type]


# --- killed --------------------------------------------------------------------------------------
SCRIPT = """
import asyncio
from thoughtstream.attention.attention import Attention
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.coordination.delivery import Packets
from thoughtstream.coordination.messages import Inbox
settings = Settings.model_validate_json({settings!r})
async def here(*args, **options):
    print("here", flush=True)
    await asyncio.Event().wait()
async def nothing(*args, **options):
    pass
{where} = here
async def main():
    async with Colony.connect(settings=settings) as colony:
        async with colony.join({agent!r}, mind={mind!r}, lineage="kin"):
            await asyncio.Event().wait()
asyncio.run(main())
"""


async def kill_where(settings: Settings, where: str, agent: str, mind: str) -> None:
    """kill -9 of a program that has joined, just where it would have done this."""
    said = settings.model_dump_json()
    script = SCRIPT.format(settings=said, where=where, agent=agent, mind=mind)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        assert await process.stdout.readline() == b"here\n"
    process.kill()
    await process.wait()


@pytest.mark.parametrize("where", ["Attention.anchor_once", "Inbox.say_all"])
async def test_who_is_killed_before_or_after_it_anchors_anchors_once(
    colony: Colony, settings: Settings, where: str
) -> None:
    redis = colony.redis
    async with colony.join("its bob", mind="bob", lineage=KIN):
        pass
    async with (
        Mind.connect("ana", settings=settings) as ana,
        colony.join("its ana", mind="ana", lineage=KIN),
    ):
        await ana.anchor("tea needs four minutes", kind="semantic")
        await until(lambda: read(colony, "its ana", 1))
        await kill_where(settings, where, "its bob", "bob")
        anchored = [] if where == "Attention.anchor_once" else ["tea needs four minutes"]
        assert await knows(redis, "bob", *anchored)
        async with colony.join("its bob", mind="bob", lineage=KIN, takeover=True):
            await until(lambda: read(colony, "its bob", 1))
            assert await knows(redis, "bob", "tea needs four minutes")
    async with Mind.connect("bob", settings=settings) as bob:
        assert (await bob.audit()).balanced


@pytest.mark.parametrize("where", ["Packets.dispatch", "Sharer._shared"])
async def test_who_is_killed_before_or_after_it_shares_shares_once(
    colony: Colony, settings: Settings, where: str
) -> None:
    redis = colony.redis
    async with colony.join("its ana", mind="ana", lineage=KIN):
        pass
    async with Mind.connect("ana", settings=settings) as ana:
        await ana.anchor("tea needs four minutes", kind="semantic")
    async with colony.join("its bob", mind="bob", lineage=KIN):
        head = "" if where == "Packets.dispatch" else "__import__('thoughtstream.sharing').sharing."
        await kill_where(settings, head + where, "its ana", "ana")
        sent = [] if where == "Packets.dispatch" else ["tea needs four minutes"]
        await until(lambda: knows(redis, "bob", *sent))
        async with colony.join("its ana", mind="ana", lineage=KIN, takeover=True):
            await until(lambda: knows(redis, "bob", "tea needs four minutes"))
            async with Mind.connect("ana", settings=settings) as ana:
                await ana.anchor("and no milk", kind="semantic")
            await until(lambda: knows(redis, "bob", "tea needs four minutes", "and no milk"))


@pytest.mark.parametrize("where", ["Attention.think_once", "Inbox.say_all"])
async def test_who_is_killed_before_or_after_it_thinks_thinks_once(
    colony: Colony, settings: Settings, where: str
) -> None:
    redis = colony.redis
    await colony.register("seed")
    for number in range(5):
        await colony.dispatch(Packet("s", "d", f"{number}", number / 10, targets=("seed",)))
    await kill_where(settings, where, "seed", "ana")
    async with colony.join("seed", mind="ana", takeover=True):
        await until(lambda: read(colony, "seed", 5))
    assert [one["content"] for one in await thoughts(redis, "ana")] == ["4"]
    assert await ledger(redis, "ana") == {"packets_won": 1, "packets_lost": 4}


# --- in a cluster --------------------------------------------------------------------------------
@pytest.mark.slow
async def test_agents_have_minds_on_all_nodes_of_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    with cluster(tmp_path / "nodes", partial(RedisServer, programs()[WHEEL])) as url:
        settings = short(url, tmp_path / "home")
        async with Colony.connect(settings=settings) as colony:
            await what_one_learns_all_know(colony, settings)
            await the_strongest_is_thought(colony, "dan")
            found = await colony.redis.find("*")
            assert [key for key in found if keys.family_of(key) is None] == []
