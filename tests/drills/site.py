"""A cluster on hosts of the lab with its users, who are outside; and what can happen to it."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from threading import Event, Thread
from typing import Any

from deploy.cluster.health import problems
from deploy.cluster.state import SLOTS
from deploy.cluster.topology import Node
from deploy.layout import linux_native
from tests.drills.endpoint import Endpoint
from tests.lab import debian
from tests.lab.authority import Authority
from tests.lab.host import Host
from tests.lab.images import Suite
from tests.rollouts.clusters import SETTINGS, Cluster
from tests.servers import wait_until
from thoughtstream.acl import Role

_USERS: tuple[Role, ...] = ("admin", "service")
_LOOK_S = 0.2
_SELDOM_S = 1
"""To look at a cluster takes its hosts some work."""
_MOST_S = 120
_MOVED = 300
_SMALL = "64m"
_ASIDE = "/var/tmp/data"


class Site(Cluster):
    """A cluster over TLS, and a host that isn't in it yet."""

    def __init__(self, hosts: tuple[Host, ...], spare: Host, folder: Path) -> None:
        self.authority = Authority(folder / "tls")
        tls = {"ca": str(self.authority.ca), "certificates": str(self.authority.folder)}
        super().__init__(hosts, folder, SETTINGS | {"tls": tls})
        self.folder = folder
        self.spare = spare
        self._passwords = folder / "passwords"
        self._passwords.mkdir()
        self.certify(*hosts, spare)

    def install_redis_of(self, suite: Suite) -> None:
        """An older Debian's Redis, as on hosts that were upgraded with it held back."""
        source = "/etc/apt/sources.list.d/older.list"
        script = (
            f"printf %s {quote(debian.sources(suite))} >{source} && "
            "systemctl mask --quiet --now redis-server && apt-get update --quiet=2 && "
            "DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends "
            f"redis-server/{suite} redis-tools/{suite} && rm {source}"
        )
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            list(pool.map(lambda host: host.exec(script), self.hosts))

    def certify(self, *hosts: Host) -> None:
        """New certificates for hosts, in the operator's folder."""
        for host in hosts:
            self.authority.certify(host.name, host.ip)

    def set(self, **redis: Any) -> None:
        """Changes settings of Redis in the inventory."""
        self.settings["redis"] = self.settings["redis"] | redis

    @property
    def endpoint(self) -> Endpoint:
        """How users reach it."""
        nodes = tuple((node.address, node.port) for node in self.nodes)
        return Endpoint(nodes, self._passwords, self.authority.ca)

    def hand_out_passwords(self) -> None:
        """Users get the passwords that the hosts have now."""
        for user in _USERS:
            text = self.hosts[0].exec(f"cat {linux_native().secret(user)}", check=False).stdout
            if text:
                new = self._passwords / f"{user}.new"
                new.write_text(text)
                new.rename(self._passwords / user)

    @contextmanager
    def handing_out_passwords(self) -> Iterator[None]:
        """The same again and again, as whoever rotates them does."""
        over = Event()

        def follow() -> None:
            while not over.wait(_LOOK_S):
                self.hand_out_passwords()

        thread = Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def wait_until_healthy(self) -> None:
        """Waits until no node has anything to complain of."""
        unmet: list[str] = []

        def well() -> bool:
            unmet[:] = problems(self.view(), self.wanted.spec.replicas)
            return not unmet

        try:
            wait_until(well, "the cluster is well", most_s=_MOST_S, step_s=_LOOK_S)
        except TimeoutError as error:
            raise TimeoutError("\n".join(unmet)) from error

    def wait_until_others_serve(self, lost: Host) -> None:
        """Waits until the other hosts' nodes serve all slots, and see it."""
        wait_until(
            lambda: self._others_serve(lost), "the others serve", most_s=_MOST_S, step_s=_SELDOM_S
        )

    def _others_serve(self, lost: Host) -> bool:
        others = [v for node, v in self.view().present.items() if node.host != lost.name]
        served = {slot for view in others if view.is_master for slot in view.slots}
        return len(served) == SLOTS and all(view.slots_ok == SLOTS for view in others)

    def unbalance(self) -> None:
        """Moves a part of the slots from one master to another, as somebody might by hand."""
        view = self.view()
        source, target = sorted(view.masters)[:2]
        ends = ("--cluster-from", view[source].id, "--cluster-to", view[target].id)
        how = (*ends, "--cluster-slots", str(_MOVED), "--cluster-yes")
        self.redis(source, "--cluster", "reshard", source.endpoint, *how)
        self.wait_until_healthy()

    def a_master(self) -> tuple[Host, Node]:
        """A master, and its host, which has the fewest of them: without most of the masters, the
        others could not agree on anything.
        """
        masters = self.view().masters
        hosts = Counter(node.host for node in masters)
        node = min(masters, key=lambda node: (hosts[node.host], node))
        return self.host(node), node

    def lose_a_host(self) -> None:
        """One with a master loses its power; the others serve everything."""
        host, _ = self.a_master()
        host.kill()
        self.wait_until_others_serve(host)

    @property
    def cramped(self) -> Node:
        """The master whose data are on a small disk of their own."""
        return next(n for n in self.view().masters if self.host(n).is_small(self._data(n)))

    def cramp(self) -> None:
        """Makes one."""
        node = min(node for node, found in self.view().present.items() if not found.is_master)
        self._move(node, f"mount -t tmpfs -o size={_SMALL} tmpfs {self._data(node)}")
        self._take_over(node)

    def give_room(self, node: Node) -> None:
        """Puts it, which is a replica by now, back on its host's disk."""
        self._move(node, f"umount {self._data(node)} && rm -rf {self._data(node)}/*")

    def fill(self, node: Node) -> None:
        """Leaves its disk no room."""
        self.host(node).fill(self._data(node))

    def free(self, node: Node) -> None:
        """Takes that back."""
        self.host(node).free(self._data(node))

    def _move(self, node: Node, change: str) -> None:
        """Another disk under a node's data."""
        unit, data = f"thoughtstream-redis-{node.port}", self._data(node)
        self.host(node).exec(
            f"set -e; systemctl stop {unit}; cp -a {data} {_ASIDE}; {change}; "
            f"cp -a {_ASIDE}/. {data}; rm -r {_ASIDE}; systemctl start {unit}"
        )
        self.wait_until_healthy()

    def _take_over(self, replica: Node) -> None:
        self.redis(replica, "cluster", "failover")
        wait_until(lambda: self.view()[replica].is_master, f"{replica} is a master")
        self.wait_until_healthy()

    def _data(self, node: Node) -> str:
        return linux_native().of_node(node.port).redis_data
