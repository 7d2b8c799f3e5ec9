"""The conservation of thoughts in a cluster: its nodes and services are killed, frozen, handed over
and moved at random, one after the other, while clients work; then every value is looked up.

    uv run python -m tests.drills.cluster --minutes 2

At any time at most one node is away: that is what `durability=replicas` promises to survive. What
is acknowledged without it may be lost with its master, and is counted apart. Ends with 1 if
anything is wrong.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.clusters import Cluster, running
from tests.drills.clients import Endpoint
from tests.drills.outcome import Outcome, show
from tests.drills.workload import under_load
from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess

SERVICES = 2
_DIRECTIVES = ("cluster-node-timeout 1000", "cluster-require-full-coverage no")
_SPELL_S = 60.0
_PAUSE_S = (0.1, 1.0)
_FREEZE_S = (0.5, 4.0)
_SLOTS = 16_384


class Chaos:
    """Breaks one thing after the other, and has it back before the next."""

    def __init__(
        self, cluster: Cluster, services: list[ServiceProcess], chance: random.Random
    ) -> None:
        self.done: Counter[str] = Counter()
        self._cluster = cluster
        self._services = services
        self._chance = chance
        self._moves: dict[Callable[[], str], int] = {
            self._kill_master: 4,
            self._hand_over: 4,
            self._kill_service: 3,
            self._freeze_master: 2,
            self._restart_replica: 2,
            self._move_slots: 4,
            self._add_and_remove: 1,
        }

    def run(self, seconds: float) -> None:
        """For so long; then everything is up."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(*_PAUSE_S))
            [move] = self._chance.choices(list(self._moves), list(self._moves.values()))
            self.done[move()] += 1
            self._cluster.wait_until_whole()
        for service in self._services:
            service.wait_until_ready()

    def _master(self) -> int:
        return self._chance.choice(self._cluster.masters)

    def _kill_master(self) -> str:
        master = self._master()
        heir = self._cluster.replica_of(master)
        self._cluster.servers[master].kill()
        self._cluster.wait_until_master(heir)
        self._cluster.servers[master].start()
        return "kill -9 of a master"

    def _hand_over(self) -> str:
        self._cluster.hand_over(self._master())
        return "CLUSTER FAILOVER"

    def _kill_service(self) -> str:
        service = self._chance.choice(self._services)
        service.kill()
        service.start()
        return "kill -9 of a service"

    def _freeze_master(self) -> str:
        """It may come back to a cluster in which another has taken over."""
        with self._cluster.servers[self._master()].frozen():
            time.sleep(self._chance.uniform(*_FREEZE_S))
        return "freeze of a master"

    def _restart_replica(self) -> str:
        replica = self._cluster.servers[self._cluster.replica_of(self._master())]
        replica.stop()
        replica.start()
        return "restart of a replica"

    def _move_slots(self) -> str:
        """The slots of a few minds and many others."""
        to = self._master()
        for slot in self._chance.sample(range(_SLOTS), 20):
            if self._cluster.owner(slot) != to:
                self._cluster.move(slot, to)
        return "20 slots moved"

    def _add_and_remove(self) -> str:
        node = self._cluster.add()
        for slot in self._chance.sample(range(_SLOTS), 20):
            home = self._cluster.owner(slot)
            self._cluster.move(slot, node)
            self._cluster.move(slot, home)
        self._cluster.remove(node)
        return "node added and removed"


@contextmanager
def site(home: Path, redis: str) -> Iterator[tuple[Cluster, list[ServiceProcess]]]:
    """A cluster of three masters with a replica each, and services."""
    (home / "redis").mkdir()
    make = partial(RedisServer, programs()[redis])
    with running(home / "redis", make, *_DIRECTIVES, replicas=1) as cluster:
        services = [ServiceProcess(cluster.url, home / f"service-{n}") for n in range(SERVICES)]
        try:
            for service in services:
                service.start()
            for service in services:
                service.wait_until_ready()
            yield cluster, services
        finally:
            for service in services:
                service.kill()


def drill(home: Path, *, seconds: float, seed: int, redis: str = WHEEL) -> list[Outcome]:
    """Spells of at most a minute, each with clients and minds of its own; an outcome each.

    What was done stands in the details.
    """
    chance = random.Random(seed)
    outcomes: list[Outcome] = []
    with site(home, redis) as (cluster, services):
        endpoint = Endpoint(tuple(("127.0.0.1", port) for port in cluster.servers))
        while seconds > 0:
            spell, seconds = min(seconds, _SPELL_S), seconds - _SPELL_S
            chaos = Chaos(cluster, services, chance)
            name = f"chaos {len(outcomes) + 1}"
            outcome = under_load(
                name, partial(chaos.run, spell), endpoint, home, planned=False
            )  # fmt: skip
            outcome.details.extend(f"{n} times {what}" for what, n in chaos.done.most_common())
            outcomes.append(outcome)
    return outcomes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--redis", choices=sorted(programs()), default=WHEEL)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drill-") as home:
        outcomes = drill(
            Path(home), seconds=given.minutes * 60, seed=given.seed, redis=given.redis
        )  # fmt: skip
    Console().print(f"seed {given.seed}, Redis {given.redis}")
    show(outcomes)
    sys.exit(0 if all(outcome.good for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
