"""What a mind's tool works on."""

from dataclasses import dataclass
from typing import Any

from thoughtstream.config import Settings
from thoughtstream.coordination.membership import may_be_attended
from thoughtstream.faces.engine import Engine
from thoughtstream.mind import Mind
from thoughtstream.store.client import Client

NOBODY = (
    "nobody attends: thoughts wait, and are neither attended nor remembered, until a service runs: "
    "`thoughtstream up`, or `thoughtstream mcp --attend`"
)


@dataclass(frozen=True)
class Request:
    """A mind, the connection to it, the settings, and who asks, if that is known."""

    mind: Mind
    redis: Client
    settings: Settings
    by: str | None

    def source(self) -> dict[str, Any]:
        """Who said what this writes, as a field of it."""
        return {"source": self.by} if self.by else {}

    async def warning(self) -> str | None:
        """What is wrong with attention, and the cure; None: nothing."""
        return None if await may_be_attended(self.redis) else NOBODY


class Requests:
    """Requests to the minds of one connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def of(self, name: str, by: str | None = None) -> Request:
        """A request to one of them.

        Raises:
            InvalidThought: no mind can have this name. RedisUnavailable: Redis does not answer.
        """
        mind = await self._engine.mind(name)
        return Request(mind, await self._engine.redis(), self._engine.settings, by)
