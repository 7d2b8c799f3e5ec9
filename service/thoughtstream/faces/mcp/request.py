"""What a mind's tool works on."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from thoughtstream.config import Settings
from thoughtstream.coordination.membership import may_be_attended
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


class Minds:
    """The minds on one connection; those that were used lately keep what recall knows of them."""

    _MOST = 100

    def __init__(self, redis: Client, settings: Settings) -> None:
        self._redis = redis
        self._settings = settings
        self._known = OrderedDict[str, Mind]()

    def request(self, name: str, by: str | None = None) -> Request:
        """A request to one of them.

        Raises:
            InvalidThought: no mind can have this name.
        """
        mind = self._known.get(name) or Mind(name, self._redis, self._settings)
        self._known[name] = mind
        self._known.move_to_end(name)
        if len(self._known) > self._MOST:
            self._known.popitem(last=False)
        return Request(mind, self._redis, self._settings, by)
