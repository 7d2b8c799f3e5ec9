"""The loop of thoughtseeds on a real Redis: no packet is lost, and the strongest is heard."""

import json
from typing import Any

from thoughtstream import Mind
from thoughtstream.colony import Colony
from thoughtstream.config import Settings
from thoughtstream.thoughtseeds import loop
from thoughtstream.thoughtseeds.seeds import SEEDS
from thoughtstream.thoughtseeds.state import State

TEXTS = (
    "My name is Ana and I moved to Lisbon on 3 May.",
    "ok",
    "My name is Ana and I moved to Lisbon on 3 May.",
    "The kettle is on.",
)


async def test_packets_are_routed_compete_and_leave_a_state(redis: Any, settings: Settings) -> None:
    async with (
        Colony.connect(settings=settings) as colony,
        Mind.connect("ana", settings=settings, attend=False) as mind,
    ):
        await colony.register("a listener")
        await colony.subscribe("a listener", loop.domain_of("ana"))
        done = await loop.run(colony, settings, "ana", TEXTS)

        assert (done.moments, done.packets) == (len(TEXTS), len(TEXTS) * len(SEEDS))
        assert done.delivered == 2 * done.packets and not done.undeliverable
        assert sum(done.winners.values()) == len(TEXTS)
        inbox = await colony.inbox_queue("seeds of ana").audit()
        assert inbox.balanced and inbox.completed == inbox.submitted == done.packets

        await mind.attend()
        ledger = (await mind.state()).ledger
        assert ledger["packets_won"] == len(TEXTS)
        assert ledger["packets_lost"] == done.packets - len(TEXTS)
        thought = await anext(mind.attended(since="0"))
        assert thought.content == TEXTS[0] and thought.fields["seed"] in SEEDS

        state = State(colony.redis, "ana")
        assert json.loads(await redis.get("consciousness:level:ana")) == done.level
        assert await state.level() == done.level and done.level["reach"] == 1
        assert json.loads(await redis.get("river:{ana}:flow")) == done.flow
        basins = await state.basins(9)
        assert len(basins) == 3 and "lisbon" in next(iter(basins)), "what was said twice is deepest"


async def test_what_nobody_gets_is_not_reached(redis: Any, settings: Settings) -> None:
    """A subscriber that has left is one no more; the mind's own agent has all."""
    async with Colony.connect(settings=settings) as colony:
        await colony.register("gone")
        await colony.subscribe("gone", loop.domain_of("ana"))
        await colony.leave("gone")
        done = await loop.run(colony, settings, "ana", TEXTS[-1:])
        assert done.delivered == done.packets and done.level["reach"] == 1
