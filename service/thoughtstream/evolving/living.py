"""One architecture lives through one conversation, as a mind: what does its attention keep?

The conversation is fed to a new mind of a Redis, as `thoughtstream feed` would; then as many cycles
run as its attention has room for. What it attended is compared with what is asked later.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import Attended, NewThought
from thoughtstream.attention.windows import Windows
from thoughtstream.config import StreamConfig
from thoughtstream.evolving.architecture import Architecture
from thoughtstream.evolving.dialogues import Dialogue, turns
from thoughtstream.inference import index
from thoughtstream.inference.evolution import Floats
from thoughtstream.senses import salience
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.objects import Defaults
from thoughtstream.senses.salience import Told
from thoughtstream.store.client import Client

_WINDOW = keys.STANDARD_WINDOWS[0]
_MOST_BYTES = StreamConfig().max_thought_bytes
_DAY_MS = 86_400_000

PATIENT = StreamConfig(
    working_memory_maxlen=0, working_memory_ttl_ms=_DAY_MS, forget_threshold=0, batch=1000
)
"""So that what is kept depends on attention alone, never on how fast this machine is."""


@dataclass(frozen=True)
class Life:
    """What came of it.

    `kept`: of all pairs of a question and a turn that it needs, the part whose turn was attended,
    0 to 1. `cycle_ms`: what a cycle took, as seen from here (the median): the only one that is
    another each time. `level`: the parts of the consciousness level, each 0 to 1, and it.
    """

    kept: float
    cycle_ms: float
    level: dict[str, float]


class _Noting(Hearing):
    """Keeps what each text told."""

    def __init__(self, asked: float) -> None:
        super().__init__(asked)
        self.heard: list[Told] = []

    def hear(self, text: str) -> Told:
        self.heard.append(super().hear(text))
        return self.heard[-1]


async def live(redis: Client, architecture: Architecture, dialogue: Dialogue, share: float) -> Life:
    """The life of an architecture; nothing of its mind is left. `share`: of all turns, what its
    attention has room for, 0 to 1. No service may attend the minds of this Redis.
    """
    noting = _Noting(architecture.salience.asked)
    worth = salience.weights(architecture.salience)
    thoughts = list(
        turns(dialogue.conversation, Defaults(_WINDOW, None, _MOST_BYTES, noting, worth))
    )
    mind = f"evaluation {uuid.uuid4().hex}"
    try:
        attended, cycle_ms = await _attend(redis, mind, thoughts, round(share * len(thoughts)))
    finally:
        await _forget(redis, mind)
    said = [one.fields["dia_id"] for one in attended]
    kept = sum(dialogue.needs.get(turn, 0) for turn in said) / sum(dialogue.needs.values())
    places = {one.extra["dia_id"]: at for at, one in enumerate(thoughts)}
    claims = np.array(noting.heard) * np.array(worth)
    sessions = [one.extra["session"] for one in thoughts]
    return Life(kept, cycle_ms, _level(claims, [places[turn] for turn in said], sessions))


async def _attend(
    redis: Client, mind: str, thoughts: Sequence[NewThought], room: int
) -> tuple[list[Attended], float]:
    await Windows(redis, mind, _MOST_BYTES).write(thoughts)
    attention = Attention(redis, PATIENT)
    for _ in range(0, len(thoughts), PATIENT.batch):
        await attention.cycle(mind, (_WINDOW,), mode="settle")
    attended, took = [], []
    for _ in range(room):
        began = time.perf_counter()
        report = await attention.cycle(mind, (_WINDOW,))
        took.append((time.perf_counter() - began) * 1000)
        if report.attended is not None:
            attended.append(report.attended)
    return attended, float(np.median(took)) if took else 0.0


async def _forget(redis: Client, mind: str) -> None:
    """It has encoded nothing yet, so it has no keys but these."""
    once = [family for family in keys.FAMILIES if family.pattern.count("<") == 1]
    names = [family.key(mind=mind) for family in once if "<mind>" in family.pattern]
    await redis.unlink(*names, keys.WINDOW.key(mind=mind, window=_WINDOW))


def _level(claims: Floats, attended: Sequence[int], sessions: Sequence[str]) -> dict[str, float]:
    """The level of the parts that make texts salient, as seeds that compete for attention.

    `claims`: what each part claims for each turn [turns, parts].
    """
    if not attended:
        return {}
    won = claims[list(attended)]
    reached = len({sessions[at] for at in attended})
    parts = index.Parts(
        agreement=index.agreement(index.shares(claims.T)),
        ignition=index.ignition(won),
        reach=index.reach(reached, len(set(sessions))),
        stability=index.stability(won.argmax(axis=1)),
    )
    return {**parts._asdict(), "level": parts.level}
