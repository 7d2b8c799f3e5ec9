"""What a run of evolution knows, in Redis: its plan, its conversations and its ledger.

Of each evaluation the ledger has one entry, under its id, which nobody writes twice. All else (the
islands, the best, what to try next) follows from plan and ledger: who goes on after a crash works
it out again.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from thoughtstream import keys
from thoughtstream.config import SalienceConfig
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.evolving.breeding import RULES, Inherited
from thoughtstream.evolving.dialogues import Dialogue
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_RUNS = 20


class NoRun(ThoughtstreamError):
    """There is no such run of evolution."""


@dataclass(frozen=True)
class Plan:
    """What a run is to do.

    `share`: of all turns, what attention has room for, 0 to 1. `trained`, `held_out`: the digests
    of conversations. `incumbent`: the settings that it began with. `rules`: of breeding. `lineage`:
    whom it hands on to what it finds, and `inherited`: what it had from there when it began.
    """

    seed: int
    share: float
    trained: tuple[str, ...]
    held_out: tuple[str, ...]
    incumbent: dict[str, float]
    rules: int = RULES
    lineage: str | None = None
    inherited: Inherited = ()

    @property
    def run(self) -> str:
        """The run's name, which follows from its plan: the same again is the same run, also if its
        lineage has learned meanwhile.
        """
        said = asdict(self) | {"inherited": ()}
        text = json.dumps(said, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def salience(self) -> SalienceConfig:
        """The settings that it began with."""
        return SalienceConfig(**self.incumbent)


@dataclass(frozen=True)
class Entry:
    """An evaluation in the ledger.

    `salience`: the architecture. `kept` (0 to 1), `cycle_ms` and `level`: as those of a `Life`, the
    mean over the conversations. `by`: the worker.
    """

    salience: dict[str, float]
    kept: float
    cycle_ms: float
    level: dict[str, float]
    by: str

    @property
    def descriptors(self) -> tuple[float, float]:
        """What chooses its niche."""
        return self.level.get("ignition", 0.0), self.level.get("stability", 0.0)


class Record:
    """One run's. Errors: RedisUnavailable, and MemoryFull of what writes."""

    def __init__(self, redis: Client, run: str) -> None:
        self._redis: Any = redis
        self.run = run
        self._plan = keys.EVOLUTION.key(run=run)
        self._dialogues = keys.EVOLUTION_DIALOGUES.key(run=run)
        self._ledger = keys.EVOLUTION_LEDGER.key(run=run)

    async def begin(self, plan: Plan, dialogues: Sequence[Dialogue]) -> Plan:
        """Write down what it needs; of other runs, the latest stay. Returns the plan: as it was, if
        the run was begun before.
        """
        with typed_errors():
            texts = {one.digest: one.as_json() for one in dialogues}
            await self._redis.hset(self._dialogues, mapping=texts)
            await self._redis.hsetnx(self._plan, "plan", json.dumps(asdict(plan)))
            await self._redis.zadd(keys.EVOLUTIONS.key(), {self.run: time.time()})
            for old in await self._redis.zrange(keys.EVOLUTIONS.key(), 0, -_RUNS - 1):
                await Record(self._redis, old).delete()
        return await self.plan()

    async def delete(self) -> None:
        """Nothing is left of it."""
        with typed_errors():
            await self._redis.unlink(self._plan, self._dialogues, self._ledger)
            await self._redis.zrem(keys.EVOLUTIONS.key(), self.run)

    async def plan(self) -> Plan:
        """What it is to do.

        Raises:
            NoRun: there is no such run.
        """
        with typed_errors():
            text = await self._redis.hget(self._plan, "plan")
        if text is None:
            raise NoRun(f"{self.run}: there is no such run (`thoughtstream colony status`)")
        said = json.loads(text)
        said |= {name: tuple(said[name]) for name in ("trained", "held_out")}
        said["inherited"] = tuple(tuple(pair) for pair in said["inherited"])
        return Plan(**said)

    async def dialogue(self, digest: str) -> Dialogue:
        """One of its conversations.

        Raises:
            NoRun: the run has none of this digest (any more).
        """
        with typed_errors():
            text = await self._redis.hget(self._dialogues, digest)
        if text is None:
            raise NoRun(f"{self.run}: has no conversation {digest} (any more)")
        return Dialogue.parse(text)

    async def enter(self, id: str, entry: Entry) -> bool:
        """Write what came of an evaluation; False: it is in the ledger already, and stays."""
        with typed_errors():
            return bool(await self._redis.hsetnx(self._ledger, id, json.dumps(asdict(entry))))

    async def ledger(self) -> dict[str, Entry]:
        """All evaluations, by id."""
        with typed_errors():
            found = await self._redis.hgetall(self._ledger)
        return {id_: Entry(**json.loads(text)) for id_, text in found.items()}

    async def killed(self) -> int:
        """One more of its workers was killed; returns how many."""
        with typed_errors():
            return int(await self._redis.hincrby(self._plan, "kills", 1))

    async def kills(self) -> int:
        """How many of its workers were killed."""
        with typed_errors():
            return int(await self._redis.hget(self._plan, "kills") or 0)


async def runs(redis: Client) -> list[str]:
    """All runs, the latest first."""
    ask: Any = redis
    with typed_errors():
        return list(await ask.zrevrange(keys.EVOLUTIONS.key(), 0, -1))


async def latest(redis: Client) -> str:
    """The run that was begun or resumed last.

    Raises:
        NoRun: there is none.
    """
    found = await runs(redis)
    if not found:
        raise NoRun("nothing was evolved yet (`thoughtstream colony evolve`)")
    return found[0]
