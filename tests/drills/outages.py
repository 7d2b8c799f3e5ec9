"""What goes wrong with Redis in a drill: with one server, or with the nodes of a cluster."""

import random
import time

import redis

from tests.clusters import Cluster
from tests.drills.chaos import Move
from tests.servers import RedisServer

_FREEZE_S = (0.5, 4.0)
_SLOTS = 16_384


class ServerOutages:
    """`killed_at`: when, by the monotonic clock."""

    def __init__(self, server: RedisServer) -> None:
        self.killed_at: list[float] = []
        self._server = server

    def moves(self) -> dict[str, tuple[int, Move]]:
        """All that can happen, with its weight."""
        return {
            "kill -9 of Redis": (4, self._kill),
            "FUNCTION FLUSH and SCRIPT FLUSH": (2, self._flush_functions),
        }

    def _kill(self) -> None:
        self.killed_at.append(time.monotonic())
        self._server.kill()
        self._server.start()

    def _flush_functions(self) -> None:
        with self._server.client() as client:
            client.function_flush()
            client.script_flush()


class ClusterOutages:
    """Each node comes back before anything else happens."""

    def __init__(self, cluster: Cluster, chance: random.Random) -> None:
        self._cluster = cluster
        self._chance = chance

    def moves(self) -> dict[str, tuple[int, Move]]:
        """All that can happen, with its weight."""
        return {
            "kill -9 of a master": (4, self._kill_master),
            "CLUSTER FAILOVER": (4, self._hand_over),
            "freeze of a master": (2, self._freeze_master),
            "restart of a replica": (2, self._restart_replica),
            "20 slots moved": (4, self._move_slots),
            "node added and removed": (1, self._add_and_remove),
        }

    def _master(self) -> int:
        return self._chance.choice(self._cluster.masters)

    def _kill_master(self) -> None:
        master = self._master()
        successor = self._cluster.replica_of(master)
        self._cluster.servers[master].kill()
        self._cluster.wait_until_master(successor)
        self._cluster.servers[master].start()

    def _hand_over(self) -> None:
        self._cluster.hand_over(self._master())

    def _freeze_master(self) -> None:
        """It may come back to a cluster in which another has taken over."""
        with self._cluster.servers[self._master()].frozen():
            time.sleep(self._chance.uniform(*_FREEZE_S))

    def _restart_replica(self) -> None:
        replica = self._cluster.servers[self._cluster.replica_of(self._master())]
        replica.stop()
        replica.start()

    def _move_slots(self) -> bool:
        """The slots of a few minds and many others; False: meanwhile a replica took over by itself,
        since this machine was too busy to let its master say a word.
        """
        to = self._master()
        try:
            for slot in self._chance.sample(range(_SLOTS), 20):
                if self._cluster.owner(slot) != to:
                    self._cluster.move(slot, to)
        except redis.ResponseError as error:
            if "only with masters" not in str(error):
                raise
            return False
        return True

    def _add_and_remove(self) -> None:
        node = self._cluster.add()
        for slot in self._chance.sample(range(_SLOTS), 20):
            home = self._cluster.owner(slot)
            self._cluster.move(slot, node)
            self._cluster.move(slot, home)
        self._cluster.remove(node)
