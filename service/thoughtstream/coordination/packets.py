"""Packets: what a thoughtseed found out, for the agents that it names and for those that subscribed
to its domain.

It lies in each one's inbox, the most active first, and for a day everybody may read it by its id.
What could not be delivered is kept in a queue of its own, with the reason.
"""

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from thoughtstream import keys
from thoughtstream.errors import InvalidPacket

UNDELIVERABLE = "packets:undeliverable"
"""The queue of packets that could not be delivered."""

MOST_TARGETS = 10_000


@dataclass(frozen=True, slots=True)
class Packet:
    """What a thoughtseed sends.

    `activation`: 0 to 1, the highest is read first. `targets`: agents, beside those that subscribed
    to `domain`. `created`: ms since 1970. `memory`: of what is shared by it, the id it has in the
    mind `seed`.
    """

    seed: str
    domain: str
    content: str
    activation: float = 0.5
    prediction_error: float = 0.0
    surprise: float = 0.0
    targets: tuple[str, ...] = ()
    layer: str = ""
    memory: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def __post_init__(self) -> None:
        if not 0 <= self.activation <= 1:
            raise InvalidPacket(f"activation: is {self.activation}; give 0 to 1")
        if isinstance(self.targets, str) or len(self.targets) > MOST_TARGETS:
            raise InvalidPacket(f"targets: give a list of at most {MOST_TARGETS:,} agents")
        for name in ("id", "domain"):
            try:
                keys.encode_name(getattr(self, name), what=name)
            except ValueError as error:
                raise InvalidPacket(str(error)) from None
        if not len(self.id) <= 400 or set(self.id) & set(" \n"):
            raise InvalidPacket("id: give at most 400 characters, no blanks or breaks")

    @property
    def priority(self) -> int:
        """Among what waits in an inbox: before all messages, which have none."""
        return 1 + round(self.activation * 999)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        said = asdict(self)
        return said if self.memory else {k: v for k, v in said.items() if k != "memory"}

    @classmethod
    def parse(cls, said: dict[str, Any]) -> "Packet":
        """The packet of `as_dict`."""
        return cls(**said | {"targets": tuple(said["targets"])})
