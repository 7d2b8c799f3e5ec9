"""What each verb does to a cluster: whether it may, and its turns. Pure, but for the clock."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from deploy.cluster import health
from deploy.cluster.barrier import Barrier
from deploy.cluster.nodes import ClusterError, Site
from deploy.cluster.state import SLOTS, ClusterView, NodeView
from deploy.cluster.steps import Forget, HandOver
from deploy.cluster.topology import Node
from deploy.rollouts import capacity, cluster_stack
from deploy.rollouts.cluster_stack import Known
from deploy.rollouts.inventory import Hosts
from deploy.rollouts.reshape import Reshape
from deploy.rollouts.restart import rolling
from deploy.rollouts.turns import Turn, Well, in_turn
from deploy.steps import Step


@dataclass(frozen=True)
class Rollout:
    """A verb's plan for all hosts. `ready`: what hosts do before the first turn, side by side, and
    `done`: after the last; `end`: what is well then; `resumed`: it goes on with one that was cut
    off.
    """

    site: Site
    turns: list[Turn]
    end: Well
    ready: Mapping[str, list[Step]] = field(default_factory=dict)
    done: Mapping[str, list[Step]] = field(default_factory=dict)
    resumed: bool = False

    @property
    def changes(self) -> bool:
        """Whether there is anything to do, if only to give back the lock of what was cut off."""
        beside = [step for steps in (*self.ready.values(), *self.done.values()) for step in steps]
        return self.resumed or bool(self.turns) or any(step.changes for step in beside)

    def steps(self, host: str) -> list[Step]:
        """One host's part."""
        up = Barrier("all nodes answer", self.site if host == self.site.first else None,
                   cluster_stack.all_answer)  # fmt: skip
        # Barriers are of all hosts; the cluster's passwords are there, so nobody waits for them.
        ready = (step for step in self.ready.get(host, []) if not isinstance(step, Barrier))
        return [
            *ready,
            *([up] if self.ready else []),
            *in_turn(self.turns, self.site, host, self.end),
            *self.done.get(host, []),
        ]


@dataclass(frozen=True)
class Cluster:
    """What the inventory wants, and every host as it is; `since`: when the same verb began that was
    cut off, if one was.
    """

    wanted: Hosts
    hosts: Mapping[str, Known]
    since: float | None = None

    @property
    def site(self) -> Site:
        return self.wanted.site

    @cached_property
    def view(self) -> ClusterView:
        """What all nodes said; who is yet to be started for the first time is empty."""
        found = cluster_stack.view(self.wanted, self.hosts)
        known = cluster_stack.remembering(self.hosts)
        new = {n: NodeView.blank(n) for n, v in found.nodes.items() if v is None and n not in known}
        return ClusterView({**found.nodes, **new})

    @property
    def new(self) -> list[Node]:
        """Nodes that are in no cluster."""
        return [node for node, found in self.view.present.items() if found.is_new]

    def well(self, replicas: int | None = None) -> Well:
        """All nodes."""
        wanted = self.wanted.cluster.replicas if replicas is None else replicas
        return Well(frozenset(self.view.nodes), wanted)


def restart(cluster: Cluster) -> Rollout:
    """All Redis nodes, one after the other; what was restarted before it was cut off is left."""
    is_well(cluster)
    done = 0.0 if cluster.since is None else time.time() - cluster.since
    again = [n for n in cluster.view.nodes if cluster.view[n].uptime_s >= done]
    steps = {n: cluster.hosts[n.host].runtime.restart(n, "deploy.restart") for n in again}
    turns = rolling(cluster.view, cluster.wanted.cluster.replicas, steps)
    return Rollout(cluster.site, turns, cluster.well())


def failover_drill(cluster: Cluster) -> Rollout:
    """Each shard's best replica takes over; once all have, each gives back to whom it was."""
    is_well(cluster)
    view, well = cluster.view, cluster.well()
    there, back = [], []
    for master in view.masters:
        if not (replicas := view.replicas(master)):
            raise ClusterError(f"{master} has no replica: set cluster.replicas to 1 or more")
        heir = replicas[0]
        there.append(Turn(master.host, HandOver(master, heir), well))
        back.append(Turn(heir.host, HandOver(heir, master), well))
    return Rollout(cluster.site, [*there, *back], well)


def rebalance(cluster: Cluster) -> Rollout:
    """Slots as even as can be, masters spread over hosts."""
    if cluster.new:
        names = ", ".join(map(str, cluster.new))
        raise ClusterError(f"{names}: in no cluster yet; run deploy.add_node")
    is_well(cluster, open_slots=True)
    return _reshaped(cluster, list(cluster.view.nodes))


def add_node(cluster: Cluster) -> Rollout:
    """Hosts that are new in the inventory join; slots and replicas move to them."""
    view = cluster.view
    joined = [node for node in view.nodes if node not in cluster.new]
    if not joined:
        raise ClusterError("there is no cluster yet; run deploy.stack")
    is_well(cluster, joined, open_slots=True)
    return _reshaped(cluster, list(view.nodes), joining=True)


def remove_node(cluster: Cluster, host: str) -> Rollout:
    """A host's slots and replicas go to the others, and its nodes leave, empty."""
    if host not in cluster.wanted.addresses:
        names = ", ".join(sorted(cluster.wanted.addresses))
        raise ClusterError(f"host: {host!r} isn't in the inventory; choose one of {names}")
    view = cluster.view
    stay = [node for node in view.nodes if node.host != host]
    gone = [n for n in view.nodes if n.host == host and not _is_member(view, n, stay)]
    is_well(cluster, [node for node in view.nodes if node not in gone], open_slots=True)
    if lines := capacity.too_full(view, stay):
        raise ClusterError("the data would not fit in the rest; raise redis.maxmemory there, "
                           "remove data or add another host first", *lines)  # fmt: skip
    stop = [Turn(host, step, None) for step in cluster.hosts[host].runtime.retire()]
    return _reshaped(cluster, stay, first=stop)


def replace_node(cluster: Cluster, host: str) -> Rollout:
    """The nodes of a host that died for good are forgotten; a new one's take their place."""
    view = cluster.view
    address = cluster.wanted.addresses.get(host, host)
    # Where another node has the dead one's address by now, Redis has taken it from the dead one.
    dead = {
        m.id: m
        for m in view.strangers()
        if m.endpoint.rpartition(":")[0] == address or "noaddr" in m.flags
    }
    if alive := [m.endpoint for m in dead.values() if not m.lost]:
        raise ClusterError(f"{', '.join(alive)}: still alive; run deploy.remove_node instead")
    if not dead and not cluster.new:
        raise ClusterError(
            f"host: no node at {host!r} is missed, and the inventory has no new host; give the "
            "address of the host that died, take it out of the inventory and put a new one in"
        )
    joined = [node for node in view.nodes if node not in cluster.new]
    served = frozenset[int]().union(*(view[master].slots for master in view.masters))
    if len(served) < SLOTS:
        raise ClusterError(f"{SLOTS - len(served)} slots died with the host; run deploy.restore")
    is_well(cluster, joined, replicas=0, open_slots=True, gone=dead)
    known = view.masters[0]
    forgotten = [
        Turn(known.host, Forget(m.id, f"{m.endpoint}, which is dead"), None) for m in dead.values()
    ]
    return _reshaped(cluster, list(view.nodes), first=forgotten, joining=True, bereft=True)


def _reshaped(
    cluster: Cluster, stay: list[Node], *, first: list[Turn] | None = None,
    joining: bool = False, bereft: bool = False,
) -> Rollout:  # fmt: skip
    """New hosts are deployed to before anything else, and serve once all is as it should be."""
    replicas, hosts = cluster.wanted.cluster.replicas, cluster.hosts
    turns = [*(first or []), *Reshape(cluster.view, stay, replicas, bereft).turns()]
    rollout = Rollout(cluster.site, turns, Well(frozenset(stay), replicas))
    if not joining:
        return rollout
    new = {name: hosts[name] for name in sorted({node.host for node in cluster.new})}
    ready = {n: k.runtime.prepare(k.facts, cluster_stack.sources(hosts, n)) for n, k in new.items()}
    return replace(rollout, ready=ready, done={n: cluster_stack.finish(hosts, n) for n in hosts})


def _is_member(view: ClusterView, node: Node, stay: list[Node]) -> bool:
    """Whether it is yet to leave; one that doesn't answer might be."""
    here = view.present
    return node not in here or all(view.knows(other, node) for other in stay if other in here)


def is_well(
    cluster: Cluster, nodes: list[Node] | None = None, *, replicas: int | None = None,
    open_slots: bool = False, gone: Mapping[str, object] | None = None,
) -> None:  # fmt: skip
    """Raises a ClusterError unless the nodes are well among each other, and the hosts fit."""
    view = cluster.view if nodes is None else cluster.view.only(nodes)
    wanted = cluster.wanted.cluster.replicas if replicas is None else replicas
    lines = health.problems(view, wanted, open_slots=open_slots, gone=gone or {})
    lines = [*cluster_stack.unfit(cluster.wanted, cluster.hosts), *lines]
    if lines:
        raise ClusterError("the cluster isn't well; mend it first (deploy.stack)", *lines)
