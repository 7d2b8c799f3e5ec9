"""From the current shards to the wanted ones: nodes join, slots and replicas move, nodes leave. One
plan serves all verbs that change the membership of a cluster. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.cluster import slots
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import CloseSlots, FailOver, Forget, Meet, Replicate, Reset, Reshard
from deploy.cluster.topology import Node
from deploy.rollouts import cluster_stack
from deploy.rollouts.hosts import DeployedCluster, sources
from deploy.rollouts.placement import arrange, balance_masters
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import HealthCheck, Turn


@dataclass(frozen=True)
class Reshape:
    """The current cluster, and the wanted one: `stay` are its nodes in the end; `lost_node`: a node
    died for good, and the slots that it was sending or receiving may be anywhere.
    """

    view: ClusterView
    stay: Sequence[Node]
    replicas: int
    lost_node: bool = False

    def turns(self) -> list[Turn]:
        """The way there. No shard ever has fewer replicas than it has now, or should have."""
        heads, followers = arrange(self.view, self.stay, self.replicas)
        early, late = self._follows(heads, followers)
        return [
            *self._closing(),
            *self._joining(),
            *self._promoting(heads),
            *early,
            *self._resharding(heads),
            *late,
            *self._leaving(),
            *self._balancing(heads, followers),
        ]

    @property
    def _old(self) -> list[Node]:
        """The current members of the cluster."""
        known = self._known
        return [node for node in self.view.present if self.view.knows(known, node)]

    @property
    def _known(self) -> Node:
        """A node that knows all others, and stays."""
        masters = [*(n for n in self.view.masters if n in self.stay), *self.view.masters]
        followers = (n for n in self.stay if self.view.master_of(n))
        return next(iter([*masters, *followers]))

    def _health_check(self, nodes: Iterable[Node], replicas: int | None = None) -> HealthCheck:
        return HealthCheck(frozenset(nodes), self.replicas if replicas is None else replicas)

    def _all(self, replicas: int | None = None) -> HealthCheck:
        return self._health_check({*self._old, *self.stay}, replicas)

    def _closing(self) -> Iterator[Turn]:
        if self.view.open_slots or self.lost_node:
            yield Turn(self._known.host, CloseSlots(frozenset(self._old), self.lost_node), None)

    def _joining(self) -> Iterator[Turn]:
        joined = list(self._old)
        for node in self.stay:
            if node not in joined:
                yield Turn(node.host, Meet(node, self._known), self._health_check(joined, 0))
                joined.append(node)

    def _promoting(self, heads: Mapping[Node, Node]) -> Iterator[Turn]:
        for successor, master in heads.items():
            if successor != master:
                yield Turn(master.host, FailOver(master, successor), self._all(0))

    def _follows(
        self, heads: Mapping[Node, Node], followers: Mapping[Node, Node]
    ) -> tuple[list[Turn], list[Turn]]:
        """Which nodes change masters before slots move, and which after: a master must be empty
        first, and a replica stays until its shard has enough others.
        """
        promoted = {master: successor for successor, master in heads.items()}
        now: dict[Node, Node | None] = {n: self._head(n, promoted) for n in followers}
        waiting = {node: master for node, master in followers.items() if now[node] != master}
        early = []
        while ready := [n for n in waiting if self._free(n, now, heads)]:
            node = min(ready, key=lambda n: (now[n] is not None, n))
            now[node] = master = waiting.pop(node)
            early.append(Turn(node.host, Replicate(node, master), self._all(0)))
        late = [Turn(n.host, Replicate(n, m), self._all(0)) for n, m in sorted(waiting.items())]
        return early, late

    def _head(self, node: Node, promoted: Mapping[Node, Node]) -> Node | None:
        master = self.view.master_of(node)
        return promoted.get(master, master) if master else None

    def _free(
        self, node: Node, now: Mapping[Node, Node | None], heads: Mapping[Node, Node]
    ) -> bool:
        if self.view[node].slots:
            return False
        master = now[node]
        if master is None:
            return True
        others = [n for n in self.stay if n != node and now.get(n) == master]
        return master in heads and len(others) >= self.replicas

    def _resharding(self, heads: Mapping[Node, Node]) -> Iterator[Turn]:
        have = slots.counts(self.view)
        after = {successor: have.get(master, 0) for successor, master in heads.items()}
        promoted = set(heads.values())
        after |= {n: have[n] for n in self.view.masters if n not in promoted}
        want = slots.even(after, list(heads))
        if moves := tuple(slots.moves(after, want)):
            yield Turn(moves[0].source.host, Reshard(want, moves), self._all())

    def _leaving(self) -> Iterator[Turn]:
        leaving = [node for node in self.view.present if node not in self.stay]
        for node in leaving:
            if node in self._old:
                step = Forget(self.view[node].id, str(node))
                yield Turn(self._known.host, step, None)
        for node in leaving:
            if not self.view[node].is_new:
                yield Turn(node.host, Reset(node), None)

    def _balancing(
        self, heads: Mapping[Node, Node], followers: Mapping[Node, Node]
    ) -> Iterator[Turn]:
        for master, successor in balance_masters(list(heads), followers):
            yield Turn(master.host, FailOver(master, successor), self._health_check(self.stay))


def reshape(
    cluster: DeployedCluster, stay: list[Node], *, first: list[Turn] | None = None,
    joining: bool = False, lost_node: bool = False,
) -> Rollout:  # fmt: skip
    """The rollout; if hosts are `joining`, they are deployed to first, and serve in the end."""
    replicas, hosts = cluster.wanted.cluster.replicas, cluster.hosts
    turns = [*(first or []), *Reshape(cluster.view, stay, replicas, lost_node).turns()]
    rollout = Rollout(cluster.spec, turns, HealthCheck(frozenset(stay), replicas))
    if not joining:
        return rollout
    new = {name: hosts[name] for name in sorted({node.host for node in cluster.new})}
    ready = {n: k.runtime.prepare(k.facts, sources(hosts, n)) for n, k in new.items()}
    return replace(rollout, ready=ready, done={n: cluster_stack.finish(hosts, n) for n in hosts})
