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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.console import Console

from tests.clusters import Cluster, running
from tests.drills.chaos import Chaos, Pool
from tests.drills.endpoint import Endpoint
from tests.drills.outages import ClusterOutages
from tests.drills.outcome import Outcome, show
from tests.drills.workload import under_load
from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess

SERVICES = 2
_DIRECTIVES = ("cluster-node-timeout 1000", "cluster-require-full-coverage no")
_SPELL_S = 60.0
_PAUSE_S = (0.1, 1.0)


Services = Pool[ServiceProcess]


@contextmanager
def served(home: Path, redis: str, chance: random.Random) -> Iterator[tuple[Cluster, Services]]:
    """A cluster of three masters with a replica each, and services."""
    (home / "redis").mkdir()
    make = partial(RedisServer, programs()[redis])
    with running(home / "redis", make, *_DIRECTIVES, replicas=1) as cluster:
        processes = [ServiceProcess(cluster.url, home / f"service-{n}") for n in range(SERVICES)]
        services = Pool("service", processes, chance)
        try:
            services.start()
            services.wait_until_ready()
            yield cluster, services
        finally:
            services.end()


def spell(
    name: str, seconds: float, cluster: Cluster, services: Services, chance: random.Random,
    home: Path,
) -> Outcome:  # fmt: skip
    """Chaos for so long, with clients and minds of its own. What was done stands in the details."""

    def settle() -> None:
        cluster.wait_until_whole()
        services.look_after()

    moves = ClusterOutages(cluster, chance).moves() | {"kill -9 of a service": (3, services.kill)}
    chaos = Chaos(chance, moves, settle, _PAUSE_S)

    def operate() -> None:
        chaos.run(seconds)
        services.wait_until_ready()

    endpoint = Endpoint(tuple(("127.0.0.1", port) for port in cluster.servers))
    outcome = under_load(name, operate, endpoint, home, planned=False)
    done = [f"{n} times {what}" for what, n in chaos.done.most_common()]
    wrong = outcome.wrong + len(services.wrong)
    return replace(outcome, wrong=wrong, details=[*outcome.details, *services.wrong, *done])


def drill(home: Path, *, seconds: float, seed: int, redis: str = WHEEL) -> list[Outcome]:
    """Spells of at most a minute, an outcome each."""
    chance = random.Random(seed)
    outcomes: list[Outcome] = []
    with served(home, redis, chance) as (cluster, services):
        while seconds > 0:
            long, seconds = min(seconds, _SPELL_S), seconds - _SPELL_S
            name = f"chaos {len(outcomes) + 1}"
            outcomes.append(spell(name, long, cluster, services, chance, home))
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
