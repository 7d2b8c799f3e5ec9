"""The stage of the drill of conservation: one Redis, its services, its clients, what goes wrong."""

import random
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.drills.chaos import Chaos, Pool
from tests.drills.clients import Client, ClientProcess, Work, working
from tests.drills.footprint import Samples, measuring
from tests.drills.outages import ServerOutages
from tests.drills.people import intervene, produce
from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess
from thoughtstream.config import RedisConfig, Settings, StreamConfig

STREAMS = {
    "WORKING_MEMORY_TTL_MS": "800",
    "WORKING_MEMORY_MAXLEN": "100",
    "CYCLE_TARGET_MS": "5",
    "EPISODIC_MEMORY_MAXLEN": "300",
    "SEMANTIC_MEMORY_MAXLEN": "300",
    "UNCONSCIOUS_MAXLEN": "300",
    "ASSEMBLED_MAXLEN": "300",
    "REJECTED_MAXLEN": "100",
}
"""Everything bounded and short, so that memory has to be flat soon."""

SERVICE = {f"STREAMS__{name}": value for name, value in STREAMS.items()} | {
    "MEMORY__TRIGGER_REFRACTORY_MS": "2000",
}
_PAUSE_S = (0.3, 2.5)
_LATE_S = 300
"""A client outlives the drill's time by this much at the most."""


@dataclass(frozen=True)
class Drill:
    """What to do. `fsync`: `always` (nothing acknowledged may be lost) or `everysec`."""

    seconds: float = 120
    seed: int = 1
    redis: str = WHEEL
    fsync: str = "always"
    services: int = 2
    producers: int = 2
    per_second: float = 600


class Stage:
    """Everybody who takes part, in a directory of the drill's own."""

    def __init__(self, drill: Drill, home: Path) -> None:
        self._drill = drill
        self._home = home
        self._chance = random.Random(drill.seed)
        self.data = home / "redis"
        self.data.mkdir()
        self.server = RedisServer(
            programs()[drill.redis], self.data, f"appendfsync {drill.fsync}",
            "auto-aof-rewrite-percentage 0", "maxmemory 1gb",
        )  # fmt: skip
        self.outages = ServerOutages(self.server)
        self.settings = self._settings()
        self.services = Pool("service", self._services(), self._chance)
        self.clients = self._clients()

    def _settings(self) -> Settings:
        """Of those who use the API; as the services', but for what only these do."""
        streams = StreamConfig(**{name.lower(): int(value) for name, value in STREAMS.items()})
        redis = RedisConfig(url=self.server.url)
        return Settings(home=self._home / "by-hand", redis=redis, streams=streams)

    def _services(self) -> list[ServiceProcess]:
        homes = (self._home / f"service-{n}" for n in range(self._drill.services))
        return [ServiceProcess(self.server.url, home, **SERVICE) for home in homes]

    def _clients(self) -> list[Client]:
        drill = self._drill
        rate = drill.per_second / drill.producers
        producing: Work = partial(produce, self.settings, drill.seed, rate)
        work = {f"producer-{n}": producing for n in range(drill.producers)}
        work["people"] = partial(intervene, self.settings, drill.seed)
        most_s = drill.seconds + _LATE_S
        return [
            Client(name, "thoughts", self._home, do, most_s=most_s) for name, do in work.items()
        ]

    def _chaos(self, clients: Pool[ClientProcess]) -> Chaos:
        def settle() -> None:
            self.services.look_after()
            clients.look_after()

        moves = self.outages.moves() | {
            "kill -9 of a service": (7, self.services.kill),
            "freeze of a service": (3, self.services.freeze),
            "restart of a service": (2, self.services.restart),
            "kill -9 of a client": (1, clients.kill),
        }
        return Chaos(self._chance, moves, settle, _PAUSE_S)

    def soak(self) -> tuple[Pool[ClientProcess], Counter[str], Samples]:
        """Clients and chaos for the drill's time; returns the clients, what was done, and the
        memory that Redis used meanwhile.
        """
        used: Samples = []
        with working(self.clients) as processes:
            clients = Pool("client", processes, self._chance)
            clients.wait_until_ready()
            chaos = self._chaos(clients)
            with measuring(self.server, self._drill.seconds, used):
                chaos.run(self._drill.seconds)
            self.services.wait_until_ready()
            clients.stop()
        return clients, chaos.done, used

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        self.services.end()
        self.server.stop()
