"""A look at any mind, and its audit, are what plain commands read."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.engine.plain_look import PlainLook
from tests.servers import RedisServer
from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import COUNTS
from thoughtstream.config import RedisConfig, StreamConfig
from thoughtstream.store.connection import connect

MIND = "a mind: ünïcode {x}%"
KNOWN = (*keys.STANDARD_WINDOWS, "é {x}")
CONFIG = StreamConfig(working_memory_ttl_ms=60_000, batch=3)
TOP = 3

texts = st.one_of(
    st.sampled_from(["", "\0", "\x7f", '"', "\\", "/", "\\ud800", "%7B", "日本語 🧠"]),
    st.binary(min_size=1, max_size=20),
)
windows = st.sampled_from([*KNOWN, "kitchen", "%"])
writes = st.tuples(st.just("write"), windows, st.lists(st.tuples(texts, texts), max_size=3), texts)
moves = st.one_of(
    writes,
    st.tuples(st.just("cycle"), st.sampled_from(["select", "select", "settle"])),
    st.tuples(st.just("close")),
    st.tuples(st.just("anchor"), st.sampled_from(keys.MEMORY_KINDS)),
    st.tuples(st.just("trim"), st.integers(0, 2)),
    st.tuples(
        st.just("lose"),
        st.sampled_from([keys.CONTEST, keys.DEADLINES, keys.INTERVENING, keys.WINDOWS]),
    ),
    st.tuples(st.just("lose_items")),
)
lives = st.tuples(st.lists(writes, min_size=3, max_size=9), st.lists(moves, max_size=15)).map(
    lambda parts: [*parts[0], ("cycle", "settle"), *parts[1]]
)


class Life:
    """What happens to a mind."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._tokens = itertools.count()

    async def live(self, moves: Sequence[Any]) -> None:
        for name, *how in moves:
            await getattr(self, name)(*how)

    async def write(self, window: str, fields: Any, content: Any) -> None:
        flat = [part for pair in fields for part in pair]
        key = keys.WINDOW.key(mind=MIND, window=window)
        await self._redis.execute_command("XADD", key, "*", *flat, "content", content)

    async def cycle(self, mode: Any) -> None:
        windows = (*KNOWN, "kitchen", "%")
        token = f"t{next(self._tokens)}"
        await Attention(self._redis, CONFIG).cycle(MIND, windows, token=token, mode=mode)

    async def close(self) -> None:
        """All intervention windows: as if much time had passed."""
        deadlines = keys.DEADLINES.key(mind=MIND)
        for member in await self._redis.hkeys(keys.INTERVENING.key(mind=MIND)):
            await self._redis.zadd(deadlines, {member: 1}, xx=True)
        await self.cycle("settle")

    async def anchor(self, kind: str) -> None:
        fields = {"content": "a memory", "kind": kind}
        await Attention(self._redis, CONFIG).anchor(MIND, "sensory", fields)

    async def trim(self, length: int) -> None:
        """As producers may do with what they wrote."""
        for key in await self._redis.find(keys.WINDOW.glob_of(mind=MIND)):
            await self._redis.xtrim(key, maxlen=length, approximate=False)

    async def lose(self, family: keys.Family) -> None:
        """The first of what it has."""
        key = family.key(mind=MIND)
        if family.type == "zset":
            await self._redis.zpopmin(key)
        elif family.type == "hash":
            await self._redis.hdel(key, *(await self._redis.hkeys(key))[:1] or "-")
        else:
            await self._redis.srem(key, *(await self._redis.smembers(key)) or "-")

    async def lose_items(self) -> None:
        for key in await self._redis.find(keys.ITEM.glob_of(mind=MIND)):
            await self._redis.delete(key)


async def compare(server: RedisServer, moves: Sequence[Any]) -> None:
    async with connect(RedisConfig(url=server.url)) as redis:
        await redis.flushall()
        await Life(redis).live(moves)
        plainly = PlainLook(redis, MIND, KNOWN)
        attention = Attention(redis, CONFIG)
        state = await attention.look(MIND, KNOWN, TOP)
        plain = await plainly.state(TOP)
        assert replace(state, now_ms=0) == replace(plain, now_ms=0)
        assert list(state.windows) == list(plain.windows)
        assert 0 <= plain.now_ms - state.now_ms < 60_000
        audit = asdict(await attention.audit(MIND, KNOWN))
        expected = await plainly.audit()
        assert {name: audit[name] for name in expected if name != "faults"} == {
            name: count for name, count in expected.items() if name != "faults"
        }
        assert {name: audit[name] for name in COUNTS} == {
            name: plain.ledger.get(name, 0) for name in COUNTS
        }
        sums = ("adopted: ", "attended: ", "memories: ")
        single = {fault for fault in audit["faults"] if not fault.startswith(sums)}
        assert single == expected["faults"]


@hypothesis_settings(
    suppress_health_check=[*HealthCheck], report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.generate),  # shrinking takes minutes on a real server
)  # fmt: skip
@given(moves=lives)
def test_a_look_and_an_audit_are_what_plain_commands_read(
    server: RedisServer, moves: Sequence[Any]
) -> None:
    asyncio.run(compare(server, moves))
