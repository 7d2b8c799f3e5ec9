"""Redis and what lives on it, once a second."""

from typing import Any

from thoughtstream.faces import overview
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.events import event
from thoughtstream.faces.web.watching.troubles import Found


class RedisChannel(Channel):
    """Its nodes, domains and services, as `GET /v1/redis` and `/v1/services` have them."""

    every_s = 1.0

    async def look(self) -> Found:
        """Tell all of it: what changes is most of it."""
        found: dict[str, Any] = await overview.collect_from(
            await self._source.redis(), self._source.settings
        )
        said = {**found["redis"], "domains": found["memory"], "services": found["services"]}
        self._joining.clear()
        self.show(event("redis", said))
        return {}
