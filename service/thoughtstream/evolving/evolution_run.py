"""One run of evolution: generations are bred, submitted to the queue, and learned from."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from thoughtstream.colony import Colony
from thoughtstream.config import SalienceConfig
from thoughtstream.evolving.architecture import Architecture
from thoughtstream.evolving.breeding import GENERATION, Breeding, Outcome
from thoughtstream.evolving.heritage import Heritage
from thoughtstream.evolving.record import Entry, Plan, Record
from thoughtstream.evolving.tasks import evaluate
from thoughtstream.inference.evolution import Floats

INCUMBENT = "incumbent"
_GRACE_S = 30.0
_WAYS = ("evolved", "random")
_HELD_OUT = "held out: "


@dataclass(frozen=True)
class Standing:
    """How one way of choosing stands: its best by what was trained on, and what that keeps of
    conversations that nothing was chosen by (None: not known yet). All are parts, 0 to 1.
    """

    id: str
    salience: dict[str, float]
    trained: float
    held_out: float | None


@dataclass(frozen=True)
class Progress:
    """How far a run is. `evaluations`: in the ledger. `standings`: of `incumbent`, `evolved` and
    `random`, as far as there are any.
    """

    run: str
    generation: int
    evaluations: int
    standings: dict[str, Standing]


OnProgress = Callable[[Progress], None]


class EvolutionRun:
    """A run that can be gone on with."""

    def __init__(
        self, colony: Colony, plan: Plan, on_progress: OnProgress, heritage: Heritage | None = None
    ) -> None:
        """`heritage`: is told of the best of each generation."""
        self._heritage = heritage
        self._colony = colony
        self._plan = plan
        self._record = Record(colony.redis, plan.run)
        self._on_progress = on_progress
        self._ledger: dict[str, Entry] = {}
        self._generations = 0
        self.twice = 0

    async def go_on(self, seconds: float, generations: int | None = None) -> Progress:
        """Evolve for so long, and on to the end of the generation then under way (half a minute
        more at most: what is missing then is done the next time); at most up to so many
        generations, counted from the run's first. What was done before is not done again.

        Raises:
            TaskFailed: an evaluation failed for good.
        """
        self._ledger = await self._record.ledger()
        end = time.monotonic() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds + _GRACE_S):
                breeding = await self._begun()
                while generations is None or breeding.generation < generations:
                    bred = breeding.next()
                    is_known = all(id_ in self._ledger for id_ in bred)
                    if not is_known and time.monotonic() >= end:
                        break
                    breeding.learn(await self._outcomes(bred))
                    self._generations = breeding.generation
                    await self._evaluated_held_out()
                    if not is_known:
                        await self._hand_on()
        return self._progress()

    async def _begun(self) -> Breeding:
        incumbent = self._plan.salience
        await self._evaluated({INCUMBENT: incumbent, f"{_HELD_OUT}{INCUMBENT}": incumbent})
        its = _outcome(self._ledger[INCUMBENT])
        numbers = Architecture(incumbent).numbers
        return Breeding(self._plan.seed, numbers, its, self._plan.inherited)

    async def _hand_on(self) -> None:
        if self._heritage:
            best = self._standings()["evolved"]
            await self._heritage.observe(Architecture(SalienceConfig(**best.salience)).numbers)

    async def _outcomes(self, bred: Mapping[str, Floats]) -> dict[str, Outcome]:
        salience = {id_: Architecture.of(numbers).salience for id_, numbers in bred.items()}
        await self._evaluated(salience)
        return {id_: _outcome(self._ledger[id_]) for id_ in bred}

    async def _evaluated_held_out(self) -> None:
        """Those that are the best just now, on what nothing is chosen by."""
        bests = {one.id: SalienceConfig(**one.salience) for one in self._standings().values()}
        await self._evaluated({f"{_HELD_OUT}{id_}": its for id_, its in bests.items()})

    async def _evaluated(self, salience: Mapping[str, SalienceConfig]) -> None:
        """Have these evaluated, as far as they are not in the ledger."""
        missing = {id_: its for id_, its in salience.items() if id_ not in self._ledger}
        async with asyncio.TaskGroup() as group:
            for id_, its in missing.items():
                group.create_task(self._evaluate(id_, its))

    async def _evaluate(self, id_: str, salience: SalienceConfig) -> None:
        plan = self._plan
        dialogues = plan.held_out if id_.startswith(_HELD_OUT) else plan.trained
        call = evaluate.with_args(plan.run, salience.model_dump(), list(dialogues), plan.share)
        key = f"{plan.run}:{id_}".replace(" ", "_")
        handle = await self._colony.submit(call, key=key)
        entry = Entry(**await handle.result())
        if not await self._record.enter(id_, entry):
            self.twice += 1
        self._ledger[id_] = entry
        self._on_progress(self._progress())

    def _standings(self) -> dict[str, Standing]:
        return standings(self._ledger)

    def _progress(self) -> Progress:
        found = self._standings()
        return Progress(self._plan.run, self._generations, len(self._ledger), found)


def _outcome(entry: Entry) -> Outcome:
    return Outcome(entry.kept, entry.descriptors)


def standings(ledger: Mapping[str, Entry]) -> dict[str, Standing]:
    """How each way of choosing stands by a ledger."""
    found: dict[str, Standing] = {}
    for id_, entry in sorted(ledger.items(), key=_in_order):
        if id_.startswith(_HELD_OUT):
            continue
        way = id_.partition(":")[0]
        if way not in found or entry.kept > found[way].trained:
            beside = ledger.get(f"{_HELD_OUT}{id_}")
            held_out = beside.kept if beside else None
            found[way] = Standing(id_, entry.salience, entry.kept, held_out)
    return found


def _in_order(item: tuple[str, Entry]) -> tuple[str, int]:
    way, _, number = item[0].rpartition(":")
    return way, int(number) if number.isdecimal() else 0


def history(ledger: Mapping[str, Entry]) -> list[dict[str, float]]:
    """Of each whole generation, the best so far of what was trained on: evolved, and by lot."""
    kept: dict[str, list[float]] = {way: [] for way in _WAYS}
    for id_, entry in sorted(ledger.items(), key=_in_order):
        if (way := id_.partition(":")[0]) in kept:
            kept[way].append(entry.kept)
    whole = min(map(len, kept.values())) // GENERATION
    ends = [(generation + 1) * GENERATION for generation in range(whole)]
    return [{way: max(found[:end]) for way, found in kept.items()} for end in ends]
