"""What the registry says of who writes which keys, held against what they really do: each of them,
as a Redis user that may write just these, does all of its work.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from redis.exceptions import NoPermissionError, ResponseError

from tests.engine.conftest import CALM
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.acl import MONITOR, SERVICE, Grant, acl_rules
from thoughtstream.attention.models import Attended, NewThought
from thoughtstream.colony import Colony
from thoughtstream.config import RedisConfig, Settings, StreamConfig
from thoughtstream.coordination.cache import GenerationCache, Scratch
from thoughtstream.coordination.membership import Membership
from thoughtstream.coordination.models import NewTask
from thoughtstream.coordination.packets import Packet
from thoughtstream.coordination.registry import Registry
from thoughtstream.errors import Reserved
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.evolving.record import Entry, Plan, Record, latest
from thoughtstream.health.sample import kept
from thoughtstream.health.sampler import Sampler
from thoughtstream.inference.choosing import World
from thoughtstream.keys import Domain, Writer
from thoughtstream.store.connection import connect
from thoughtstream.thoughtseeds.state import State
from thoughtstream.triggers import Triggers

PASSWORD = "a password"
AT_ONCE = StreamConfig(working_memory_ttl_ms=1)


@asynccontextmanager
async def user(redis: Any, settings: Settings, rules: str) -> AsyncIterator[Settings]:
    """The settings of a user who may do just this."""
    own = ("reset", "on", f">{PASSWORD}", *rules.split())
    await redis.execute_command("ACL", "SETUSER", "one", *own)
    access = {"username": "one", "password": PASSWORD}
    yield settings.model_copy(
        update={"redis": settings.redis.model_validate(settings.redis.model_dump() | access)}
    )
    await redis.execute_command("ACL", "DELUSER", "one")


async def produce(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.think("the kettle is on")


async def attend(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.attend()
        await mind.anchor("the kettle is old")
        [forgotten] = await mind.forgotten()
        await mind.take_back(forgotten.entry)
        assert (await mind.attend()).attended
        assert (await mind.audit()).balanced


async def trigger(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        thought = Attended("1-1@sensory", "sensory", "a kettle", 1.0, 1.0, None, 1, 1, {})
        assert await Triggers(redis, settings).pull("ana", thought)


async def consolidate(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        report = await mind.sleep()
        [merged, *_] = await mind.merged()
        assert await mind.unmerge(merged.entry) == merged.id
    assert report.replayed and report.merged and report.distilled


async def discover(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        registry = Registry(redis, redis, "")
        await registry.probe(registry.key_here(keys.PROBE, "one"))
        assert [page async for page in registry.made_anew() if page]
        [known] = [page async for page in registry.known() if page]
        assert keys.ALL_FOUND in known
        await redis.sadd(keys.FOUND.key(part="0"), keys.WINDOW.key(mind="gone", window="new"))
        await registry.tidy()


async def work(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        queue = colony.queue("chores")
        one, *_, four = await queue.submit(*[NewTask("x")] * 3, NewTask("y", delay_s=60))
        assert (await queue.round("w", claim=9, idle_ms=60_000)).claims
        assert await queue.cancel(four)
        await queue.look_and_wait(one, "listener")
        await queue.ring("w")
        assert await queue.listen("w", 1) == ""
        assert (await queue.audit()).balanced


async def cache(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        generation = GenerationCache(redis)
        assert await generation.get_or_compute("k", lambda: 1) == 1
        await generation.set("other", 2)
        await generation.delete("k")
        await Scratch(redis).set("s", 3, ttl_s=60)


async def be_an_agent(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony, colony.join("ana", skills=["tea"]):
        assert [agent.id for agent in await colony.agents()] == ["ana", "bob"]
        await colony.rebuild_index()
        assert await colony.leave("ana")
    async with connect(settings.redis) as redis:
        service = Membership(redis)
        assert await service.renew(0)
        await service.leave()


async def reserve(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony, colony.reserve("port", by="ana"):
        assert len(await colony.reservations()) == 1
        with pytest.raises(Reserved):
            await colony.reserve("port", by="bob", wait_s=0.01).__aenter__()


async def send_packets(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        await colony.subscribe("bob", "weather")
        await colony.dispatch(Packet("seed", "weather", "rain", targets=("nobody",)))


async def learn_from_kin(settings: Settings) -> None:
    async with (
        Colony.connect(settings=settings) as colony,
        colony.join("its ana", mind="ana", lineage="kin"),
        colony.join("its bob", mind="bob", lineage="kin"),
        Mind.connect("ana", settings=settings) as ana,
        Mind.connect("bob", settings=settings) as bob,
    ):
        await ana.anchor("tea needs four minutes", kind="semantic")
        await colony.dispatch(Packet("s", "d", "a packet", targets=("its bob",)))

        async def has_both() -> bool:
            audit = await colony.queue("agent_status:its bob").audit()
            return (await bob.audit()).anchored == 1 and audit.completed == 2

        await until(has_both)


async def sample(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        assert await Sampler(redis, settings.budgets).sample()
        assert (await kept(redis))[""].data_bytes


async def learn(settings: Settings) -> None:
    async with Colony.connect(settings=settings) as colony:
        lineage = colony.lineage("kin")
        await lineage.found("tea", 4, 1)
        await lineage.observe("bob", "tea", 5)
        assert (await lineage.believes("tea", "bob")).observations == 1
        world = World(np.eye(2), np.ones((2, 2, 1)) / 2, np.zeros(2), np.ones(2) / 2)
        assert (await colony.choices("bob").choose("w", world, 0)).step == 1
        assert await colony.choices("bob").forget("w")
        assert await lineage.forget("bob") == 1


async def recall(settings: Settings) -> None:
    memory = settings.memory.model_copy(update={"embedder": "tests.recall.embedders:Topics"})
    ours = settings.model_copy(update={"memory": memory})
    async with Mind.connect("ana", settings=ours) as mind:
        assert [found.content for found in await mind.recall("a tea")]
        assert await mind._redis.hlen(keys.VECTORS.key(mind="ana", kind="episodic")) > 1


async def own(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as ana:
        text = "".join([line async for line in ana.export()])
    async with Mind.connect("bob", settings=settings) as bob:
        done = await bob.import_from(BytesIO(text.encode()))
        assert done.memories and done.forgotten
        first, second, *_ = await bob.memories()
        await bob.take_back(await bob.forget(first.id))
        await bob.erase(await bob.supersede(second.id, "the kettle is new"))
        await bob.erase(second.id)
        assert (await bob.audit()).balanced
        assert (await bob.delete(confirm="bob")).keys == done.memories - 1


async def evolve(settings: Settings) -> None:
    plan = Plan(1, 0.2, (), (), {})
    async with Colony.connect(settings=settings) as colony:
        record = Record(colony.redis, plan.run)
        await record.begin(plan, [Dialogue("one", {}, {"D1:1": 1})])
        entry = Entry({}, 0.5, 1.0, {}, "a worker")
        assert await record.enter("evolved:0", entry) and not await record.enter("evolved:0", entry)
        assert await record.killed() == 1 and await latest(colony.redis) == plan.run
        await record.delete()


async def note_a_backup(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        await redis.hset(keys.BACKUP.key(), "at", "1")


async def listen(settings: Settings) -> None:
    async with connect(settings.redis) as redis:
        state = State(redis, "ana")
        await state.write({"level": 0.5}, {"label": "stream"}, "the kettle is on", 0.5)
        assert await state.level() == {"level": 0.5} and await state.basins(1)


WORK: dict[Writer, Callable[[Settings], Awaitable[None]]] = {
    Writer.PRODUCERS: produce,
    Writer.ATTENTION: attend,
    Writer.TRIGGERS: trigger,
    Writer.CONSOLIDATION: consolidate,
    Writer.QUEUE: work,
    Writer.CACHE: cache,
    Writer.AGENTS: be_an_agent,
    Writer.RESERVE: reserve,
    Writer.PACKETS: send_packets,
    Writer.LINEAGE: learn_from_kin,
    Writer.SAMPLER: sample,
    Writer.DISCOVERY: discover,
    Writer.RECALL: recall,
    Writer.OWNER: own,
    Writer.EVOLUTION: evolve,
    Writer.THOUGHTSEEDS: listen,
    Writer.OPERATORS: note_a_backup,
    Writer.LEARNING: learn,
}
WITH = {
    Writer.AGENTS: {Writer.QUEUE},
    Writer.PACKETS: {Writer.QUEUE, Writer.AGENTS},
    Writer.LINEAGE: {Writer.QUEUE, Writer.AGENTS, Writer.PACKETS, Writer.ATTENTION},
}
"""Who has others write, too: an agent has an inbox, which is a queue; a packet lies in inboxes; a
lineage shares by packets, which the attention of minds takes in."""


@pytest.mark.parametrize("writer", Writer)
async def test_who_writes_what(redis: Any, settings: Settings, writer: Writer) -> None:
    at_once = settings.model_copy(update={"streams": AT_ONCE})
    async with Mind.connect("ana", settings=at_once) as mind:
        for content in ("the kettle is on", *["the kettle is hot"] * 3):
            await mind.anchor(content)
        await mind.feed([NewThought.of("weak", salience=0.1), NewThought.of("the kettle")])
        await mind.attend()
        async with Colony.connect(settings=at_once) as colony:
            await colony.register("bob")
    writers = frozenset({writer} | WITH.get(writer, set()))
    grant = Grant(SERVICE.commands, writers, frozenset(Domain), SERVICE.channels)
    async with user(redis, at_once, grant.rules) as own:
        await WORK[writer](own)


@pytest.mark.parametrize("database", [0, 3])
async def test_a_service_hears_what_is_told_in_its_own_database(
    redis: Any, settings: Settings, database: int
) -> None:
    url = f"{settings.redis.url}?db={database}"
    there = settings.model_copy(
        update={"redis": RedisConfig(url=url), "streams": AT_ONCE, "memory": CALM}
    )

    async def hears() -> bool:
        return keys.found_channel(database) in await redis.pubsub_channels()

    async with user(redis, there, acl_rules("service", database)) as own, running(own):
        await until(hears)
        async with Mind.connect("ana", settings=own) as mind:
            await mind.think("the kettle is on")
            assert (await anext(mind.attended(since="0"))).content == "the kettle is on"


async def test_who_only_reads(redis: Any, settings: Settings) -> None:
    """A role of the domains that it reads: those, and nothing is written."""
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.anchor("the kettle is on")
    grant = Grant(SERVICE.commands, reads=frozenset({Domain.MEMORIES}))
    async with user(redis, settings, grant.rules) as own, connect(own.redis) as reader:
        assert await reader.xlen(keys.EPISODIC.key(mind="ana")) == 1
        with pytest.raises(NoPermissionError):
            await reader.xlen(keys.WINDOW.key(mind="ana", window="sensory"))
        with pytest.raises(NoPermissionError):
            await reader.xtrim(keys.EPISODIC.key(mind="ana"), 0)


TELLING = [
    "slowlog get -1",
    "monitor",
    "client list",
    "client info",
    "acl log",
    "acl list",
    "config get *",
    "memory usage x",
    "keys *",
    "scan 0",
    "randomkey",
    "psync ? -1",
    "subscribe *",
    "eval return(1) 0",
]
"""What would tell a monitor what people think, or is a way to it."""


@pytest.mark.parametrize("command", TELLING)
async def test_a_monitor_may_not_ask_what_people_think(
    redis: Any, settings: Settings, command: str
) -> None:
    async with user(redis, settings, acl_rules("monitor")) as own, connect(own.redis) as monitor:
        with pytest.raises(NoPermissionError):
            await monitor.execute_command(*command.split())


async def test_whatever_a_monitor_may_ask_tells_no_thought(redis: Any, settings: Settings) -> None:
    asked = [rule.removeprefix("+").split("|") for rule in MONITOR.commands.split()]
    assert ["slowlog", "len"] in asked
    await redis.config_set("slowlog-log-slower-than", 0)
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.think("a kettle of my own")
    await redis.config_set("slowlog-log-slower-than", 10_000)
    assert any(b"a kettle of my own" in one["command"] for one in await redis.slowlog_get(10))
    async with user(redis, settings, acl_rules("monitor")) as own, connect(own.redis) as monitor:
        for command in [*asked, ["info", "everything"], ["latency", "history", "command"]]:
            try:
                answer = await monitor.execute_command(*command)
            except ResponseError as error:
                answer = error
            assert not isinstance(answer, NoPermissionError), command
            assert "kettle" not in repr(answer), command
