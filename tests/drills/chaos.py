"""What goes wrong in a drill: everything is killed, frozen, stopped and flushed at random."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.servers import RedisServer
from tests.services import ServiceProcess

_PAUSE_S = (0.3, 2.5)
_FREEZE_S = (0.5, 6.0)


class Chaos:
    """Breaks the services and the Redis of a drill, and has them back a moment later."""

    def __init__(
        self,
        server: RedisServer,
        home: Path,
        services: int,
        settings: dict[str, str],
        chance: random.Random,
    ) -> None:
        self.done: Counter[str] = Counter()
        self.redis_killed_at: list[float] = []
        self.wrong: list[str] = []
        self._server = server
        self._chance = chance
        self.services = [
            ServiceProcess(server.url, home / f"service-{n}", **settings) for n in range(services)
        ]
        self._moves: dict[Callable[[], None], int] = {
            self._kill_service: 7,
            self._kill_redis: 4,
            self._freeze_service: 3,
            self._restart_service: 2,
            self._flush_functions: 2,
        }
        self._frozen: dict[ServiceProcess, float] = {}

    def start(self) -> None:
        """Start the services."""
        for service in self.services:
            service.start()

    async def run(self, seconds: float) -> None:
        """One thing after the other for so long; then everything is up again."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(self._chance.uniform(*_PAUSE_S))
            self._notice()
            self._thaw(time.monotonic())
            [move] = self._chance.choices(list(self._moves), list(self._moves.values()))
            await asyncio.to_thread(move)
        self._thaw(float("inf"))
        self._notice()
        for service in self.services:
            await asyncio.to_thread(service.wait_until_ready)

    def stop(self) -> None:
        """Stop the services as an operator does."""
        self._notice()
        for service in self.services:
            code = service.stop()
            if code:
                self.wrong.append(f"a service that was stopped ended with {code}")

    def kill(self) -> None:
        """Leave nothing running, whatever happened."""
        for service in self.services:
            service.kill()

    def _notice(self) -> None:
        """A service that ended by itself was not meant to."""
        for service in self.services:
            code = service.ended()
            if code is not None:
                self.wrong.append(f"a service ended by itself, with {code}")
                service.start()

    def _any(self) -> ServiceProcess:
        return self._chance.choice(self.services)

    def _kill_service(self) -> None:
        service = self._any()
        self._frozen.pop(service, None)
        service.kill()
        service.start()
        self.done["kill -9 of a service"] += 1

    def _restart_service(self) -> None:
        service = self._any()
        if service in self._frozen:
            return
        code = service.stop()
        if code not in (0, -signal.SIGTERM):  # ended by the signal: it was still starting
            self.wrong.append(f"a service that was restarted ended with {code}")
        service.start()
        self.done["restart of a service"] += 1

    def _freeze_service(self) -> None:
        """It sleeps past its lease, and goes on where it was."""
        service = self._any()
        if service in self._frozen:
            return
        service.send(signal.SIGSTOP)
        self._frozen[service] = time.monotonic() + self._chance.uniform(*_FREEZE_S)
        self.done["freeze of a service"] += 1

    def _thaw(self, now: float) -> None:
        for service in [s for s, until in self._frozen.items() if until <= now]:
            del self._frozen[service]
            service.send(signal.SIGCONT)

    def _kill_redis(self) -> None:
        self.redis_killed_at.append(time.monotonic())
        self._server.kill()
        self._server.start()
        self.done["kill -9 of Redis"] += 1

    def _flush_functions(self) -> None:
        with self._server.client() as client:
            client.function_flush()
            client.script_flush()
        self.done["FUNCTION FLUSH and SCRIPT FLUSH"] += 1
