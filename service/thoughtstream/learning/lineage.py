"""Lineages: agents that learn the same quantities, each by its own observations and all together.

Each quantity has a basal prior, given once: what is expected before anything was observed, and what
is forbidden. What an agent observes goes into its own field of the three levels within it, in one
Function; whoever reads adds up. So the lineage's level is what all have observed together, exactly,
and the inner two are the agent's own.

The four levels predict, each as a thoughtseed of its own, and compete: all together expect a
mixture of them, in which each counts as much as it was right lately.
"""

import math
from collections.abc import Sequence
from typing import Any

from thoughtstream import keys
from thoughtstream.config import InferenceConfig
from thoughtstream.errors import Forbidden, InvalidBelief
from thoughtstream.inference.mixture import SHARE, Mixture
from thoughtstream.inference.priors import DISCOUNT, Basal, Expectation, expectations, moderate
from thoughtstream.learning.library import LIBRARY
from thoughtstream.learning.models import (
    SEEDS,
    Belief,
    Observed,
    Predicted,
    basal_of,
    numbers_of,
    statistics_of,
    text_of,
)
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_USUAL = 0.97
"""What is left of what was usual of an error when another has come: it remembers 33 of them."""

_LEARNED_ALONE = [float(seed == "learned") for seed in SEEDS]


class Lineage:
    """One lineage. Errors beside those that are named: RedisUnavailable, MemoryFull."""

    def __init__(self, redis: Client, name: str, config: InferenceConfig | None = None) -> None:
        """Raises: InvalidBelief: the name is empty or too long."""
        self.name = name
        self._redis = redis
        self._config = config or InferenceConfig()
        self._known: dict[str, Basal] = {}
        self._basal = _key(keys.PRIOR_BASAL, lineage=name)
        self._guard = _key(keys.PRIOR_GUARD, lineage=name)

    async def found(
        self,
        quantity: str,
        mean: float,
        deviation: float,
        *,
        least: float = -math.inf,
        most: float = math.inf,
    ) -> None:
        """Give a quantity its basal prior, which never changes; the same again does nothing.

        `mean`, `deviation`: what is expected of it, in its unit. What is not from `least` to `most`
        is forbidden.

        Raises:
            InvalidBelief: it can be no prior, or the quantity has another, or there are too many
            quantities; nothing was written.
        """
        self._keys(quantity)
        wanted = _valid(Basal, float(mean), float(deviation), float(least), float(most))
        args = quantity, text_of(wanted), self._config.quantities
        where = [self._basal, self._guard]
        with typed_errors():
            said = await LIBRARY.call(self._redis, "learning_found_1", where, args)
        if said == "full":
            raise InvalidBelief(
                f"quantity: the lineage {self.name} has {self._config.quantities} of them; use "
                "another lineage, or raise inference.quantities"
            )
        there = basal_of(said, self._basal)
        self._known[quantity] = there
        if there != wanted:
            raise InvalidBelief(
                f"{quantity}: has the basal prior {said} (mean, deviation, least, most), which "
                "never changes; choose another name"
            )

    async def quantities(self) -> dict[str, Basal]:
        """The basal priors, by quantity."""
        read: Any = self._redis.hgetall
        with typed_errors():
            found = await read(self._basal)
        self._known = {name: basal_of(found[name], self._basal) for name in sorted(found)}
        return dict(self._known)

    async def check(self, quantity: str, value: float) -> float:
        """The value, if the basal prior allows it. What it forbids is refused also while Redis is
        away; what is not known to be allowed is, too.

        Raises:
            Forbidden: it does not. InvalidBelief: the quantity has no basal prior.
            RedisUnavailable: the prior was never read here, and can't be now.
        """
        if quantity not in self._known:
            await self.quantities()
        if quantity not in self._known:
            raise self._unknown(quantity)
        return _allowed(self._known[quantity], quantity, value)

    async def observe(self, agent: str, quantity: str, value: float) -> Observed:
        """An agent has observed a value; any of its processes may say so. It counts once for each
        call: if Redis was lost meanwhile, it may have counted.

        Raises:
            Forbidden: the basal prior does not allow it; InvalidBelief: it is no number, or the
            quantity has no basal prior, or a name is no name. Nothing was written.
        """
        if quantity in self._known:
            _allowed(self._known[quantity], quantity, value)
        number = _number(value)
        errors = _key(keys.INFERENCE_ERRORS, agent=agent, lineage=self.name)
        args = quantity, agent, repr(number), self._config.agents, *DISCOUNT.values()
        where = self._keys(quantity)
        with typed_errors():
            said = await LIBRARY.call(self._redis, "learning_observe_1", where, args)
        if isinstance(said, str):
            raise self._refused(said, quantity, number)
        *before, own = said
        _, expected, _ = self._expected(quantity, before)
        pooled, surprise = await self._weigh(errors, quantity, number, expected)
        count = int(numbers_of(own, 4, where[1])[0])
        return Observed(quantity, number, pooled, surprise, count)

    async def _weigh(
        self, errors: str, quantity: str, value: float, expected: list[Expectation]
    ) -> tuple[Predicted, float]:
        """Have each level count as much as it was right; what all together had expected, and how
        surprising the value was.
        """
        flat = [number for one in expected for number in (repr(one.mean), repr(one.variance))]
        args = quantity, repr(value), SHARE, _USUAL, *flat
        with typed_errors():
            said = await LIBRARY.call(self._redis, "learning_weigh_1", [errors], args)
        mean, variance, surprise = map(float, said)
        return Predicted(mean, math.sqrt(variance)), surprise

    async def believes(self, quantity: str, agent: str | None = None) -> Belief:
        """What an agent believes of a quantity; without one, what all agents together do: there,
        the learned level alone counts, as the weights are each agent's own.

        Raises:
            InvalidBelief: the quantity has no basal prior, or a name is no name.
        """
        args = quantity, agent or ""
        where = self._keys(quantity)
        with typed_errors():
            found = await LIBRARY.call(self._redis, "learning_look_1", where, args, read_only=True)
        if found is None:
            raise self._unknown(quantity)
        count, expected, own = self._expected(quantity, found)
        if agent is None:
            return _belief(quantity, count, expected, _LEARNED_ALONE, None)
        errors = await self._errors(quantity, agent)
        weights = errors[1 : 1 + len(SEEDS)] if errors else [1 / len(SEEDS)] * len(SEEDS)
        return _belief(quantity, own, expected, weights, errors)

    async def forget(self, agent: str) -> int:
        """Nothing is left of what an agent has learned here; returns of how many quantities.

        What it observed no longer counts in the lineage either.
        """
        names = [*await self.quantities()]
        errors = _key(keys.INFERENCE_ERRORS, agent=agent, lineage=self.name)
        pipe: Any = self._redis.pipeline(transaction=False)
        for name in names:
            for key in self._levels(name):
                pipe.hdel(key, agent)
        pipe.delete(errors)
        with typed_errors():
            answers = await pipe.execute()
        return sum(answers[: -1 : len(DISCOUNT)])

    async def _errors(self, quantity: str, agent: str) -> list[float] | None:
        key = _key(keys.INFERENCE_ERRORS, agent=agent, lineage=self.name)
        read: Any = self._redis.hget
        with typed_errors():
            text = await read(key, quantity)
        return None if text is None else numbers_of(text, 3 + 3 * len(SEEDS), key)

    def _expected(self, quantity: str, before: Sequence[Any]) -> tuple[int, list[Expectation], int]:
        """How many observations there are, what each level expects, and how many of them the agent
        itself has made.
        """
        basal = self._known[quantity] = basal_of(before[0], self._basal)
        levels = [
            statistics_of(texts, key)
            for texts, key in zip(before[1:], self._levels(quantity), strict=True)
        ]
        inner = [statistics for _, statistics in levels]
        return levels[0][0], expectations(basal, inner), levels[-1][0]

    def _levels(self, quantity: str) -> list[str]:
        return [
            _key(keys.PRIOR, lineage=self.name, level=level, quantity=quantity)
            for level in DISCOUNT
        ]

    def _keys(self, quantity: str) -> list[str]:
        return [self._basal, *self._levels(quantity), self._guard]

    def _refused(self, said: str, quantity: str, value: float) -> Exception:
        if said == "unknown":
            return self._unknown(quantity)
        if said == "full":
            return InvalidBelief(
                f"agent: {self._config.agents} agents have observed {quantity}; forget one that is "
                "gone (`thoughtstream beliefs forget`), or raise inference.agents"
            )
        self._known[quantity] = basal_of(said, self._basal)
        try:
            _allowed(self._known[quantity], quantity, value)
        except Forbidden as error:
            return error
        raise AssertionError(said)

    def _unknown(self, quantity: str) -> InvalidBelief:
        return InvalidBelief(
            f"quantity: {quantity!r} has no basal prior in the lineage {self.name}; give it one "
            "first (`thoughtstream beliefs found`)"
        )


def _belief(
    quantity: str,
    count: int,
    expected: list[Expectation],
    weights: list[float],
    errors: list[float] | None,
) -> Belief:
    K = len(SEEDS)
    usual: list[float | None] = (
        [math.sqrt(one) for one in errors[1 + K : 2 + 2 * K]] if errors else [None] * (K + 1)
    )
    total = [math.sqrt(one / errors[0]) for one in errors[2 + 2 * K :]] if errors else []
    mean, deviation = _pooled(weights, expected)
    levels = {
        seed: Predicted(one.mean, one.deviation, error)
        for seed, one, error in zip(SEEDS, expected, usual, strict=False)
    }
    return Belief(
        quantity=quantity,
        expected=Predicted(mean, deviation, usual[-1]),
        observations=count,
        levels=levels,
        weights=dict(zip(SEEDS, weights, strict=True)),
        total_error=dict(zip((*SEEDS, "expected"), total, strict=False)),
    )


def _pooled(weights: list[float], expected: list[Expectation]) -> tuple[float, float]:
    mixture = Mixture.weighted(weights)
    mean, variance = mixture.predicted(
        [one.mean for one in expected], [one.variance for one in expected]
    )
    return mean, math.sqrt(variance)


def _allowed(basal: Basal, quantity: str, value: float) -> float:
    number = _number(value)
    try:
        return basal.check(number)
    except ValueError as error:
        raise Forbidden(f"{quantity}: {error}; nothing was written") from None


def _number(value: float) -> float:
    return float(_valid(moderate, "value", value))


def _valid(make: Any, *args: Any) -> Any:
    try:
        return make(*args)
    except ValueError as error:
        raise InvalidBelief(str(error)) from None


def _key(family: keys.Family, **parts: str) -> str:
    try:
        return family.key(**parts)
    except ValueError as error:
        raise InvalidBelief(str(error)) from None
