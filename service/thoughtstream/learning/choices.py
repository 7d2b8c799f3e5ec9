"""Choices of an agent, one after the other, each in the light of what it has seen so far.

In each world in which an agent chooses, it keeps how probable the states are and what it has chosen
last. If several of its processes choose at once, one is first, and the other chooses anew in the
light of that.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from thoughtstream import keys
from thoughtstream.config import InferenceConfig
from thoughtstream.errors import InvalidBelief
from thoughtstream.inference.arrays import Floats
from thoughtstream.inference.choosing import PRECISION, World, inclination
from thoughtstream.learning.library import LIBRARY
from thoughtstream.learning.models import Choice
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors


@dataclass(frozen=True, slots=True)
class _Kept:
    """How probable the states are, what was chosen last, the how-many-th choice that was."""

    states: list[float]
    action: int
    step: int


class Choices:
    """The choices of one agent. Errors beside those that are named: RedisUnavailable."""

    def __init__(self, redis: Client, agent: str, config: InferenceConfig | None = None) -> None:
        """Raises: InvalidBelief: the name is empty or too long."""
        self._redis: Any = redis
        self._config = config or InferenceConfig()
        try:
            self._key = keys.INFERENCE_STATE.key(agent=agent)
        except ValueError as error:
            raise InvalidBelief(str(error)) from None

    async def choose(
        self,
        name: str,
        world: World,
        seen: int,
        *,
        steps: int = 1,
        precision: float = PRECISION,
        curious: bool = True,
        anew: bool = False,
    ) -> Choice:
        """See this, and choose the next action: that to which it is inclined most; of several, the
        first. `name`: of this world, for this agent; `anew`: it begins again. For the others, see
        `inference.choosing.inclination`.

        Raises:
            InvalidBelief: `seen` is no observation, or none that could be after what was chosen;
            or the world is another than before; nothing was written.
        """
        begins = anew
        while True:
            with typed_errors():
                there = await self._redis.hget(self._key, name) or ""
            before = None if begins or not there else self._parsed(name, there, world)
            try:
                choice = _choice(world, before, seen, steps, precision, curious)
            except ValueError as error:
                raise InvalidBelief(f"{name}: {error}") from None
            kept = json.dumps(asdict(_Kept(choice.states, choice.action, choice.step)))
            args = name, there, kept, self._config.worlds
            with typed_errors():
                said = await LIBRARY.call(self._redis, "learning_keep_1", [self._key], args)
            if said == "ok":
                return choice
            if said == "full":
                raise InvalidBelief(
                    f"name: the agent chooses in {self._config.worlds} worlds; `forget` one, or "
                    "raise inference.worlds"
                )

    async def forget(self, name: str) -> bool:
        """What was seen and chosen in a world is forgotten; returns whether there was any."""
        with typed_errors():
            return bool(await self._redis.hdel(self._key, name))

    def _parsed(self, name: str, text: str, world: World) -> _Kept:
        try:
            kept = _Kept(**json.loads(text))
            fits = len(kept.states) == len(world.D) and 0 <= kept.action < world.actions
        except (ValueError, TypeError):
            raise InvalidBelief(
                f"{self._key}: {name}: holds what Thoughtstream has not written; `anew` replaces it"
            ) from None
        if not fits:
            raise InvalidBelief(
                f"{name}: is a world of other states or actions than before; give it another name, "
                "or begin anew"
            )
        return kept


def _choice(
    world: World, before: _Kept | None, seen: int, steps: int, precision: float, curious: bool
) -> Choice:
    prior: Floats = world.D
    if before is not None:
        prior = world.moved(np.array(before.states), before.action)
    states = world.posterior(prior, seen)
    inclined = inclination(world, states, steps=steps, precision=precision, curious=curious)
    return Choice(
        int(inclined.argmax()), states.tolist(), inclined.tolist(),
        -world.log_evidence(prior, seen), before.step + 1 if before else 1,
    )  # fmt: skip
