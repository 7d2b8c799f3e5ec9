"""From the shards that are to those that should be: nodes join, slots and replicas move, nodes
leave. One plan serves all verbs that change who is in a cluster. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deploy.cluster import slots
from deploy.cluster.state import ClusterView
from deploy.cluster.steps import CloseSlots, Follow, Forget, HandOver, Meet, Reset, Spread
from deploy.cluster.topology import Node
from deploy.rollouts import cluster_stack
from deploy.rollouts.hosts import Cluster, sources
from deploy.rollouts.placement import arrange, levelled
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn, Well


@dataclass(frozen=True)
class Reshape:
    """What is, and what should be: `stay` are the nodes of the cluster in the end; `bereft`: one
    died for good, and what it was giving or getting may be anywhere.
    """

    view: ClusterView
    stay: Sequence[Node]
    replicas: int
    bereft: bool = False

    def turns(self) -> list[Turn]:
        """The way there. A shard never has fewer replicas on it than it has now, or should have."""
        heads, followers = arrange(self.view, self.stay, self.replicas)
        early, late = self._follows(heads, followers)
        return [
            *self._closing(),
            *self._joining(),
            *self._inheriting(heads),
            *early,
            *self._spreading(heads),
            *late,
            *self._leaving(),
            *self._levelling(heads, followers),
        ]

    @property
    def _old(self) -> list[Node]:
        """The nodes that are in the cluster now."""
        known = self._known
        return [node for node in self.view.present if self.view.knows(known, node)]

    @property
    def _known(self) -> Node:
        """A node that knows all others, and stays."""
        masters = [*(n for n in self.view.masters if n in self.stay), *self.view.masters]
        followers = (n for n in self.stay if self.view.master_of(n))
        return next(iter([*masters, *followers]))

    def _well(self, nodes: Iterable[Node], replicas: int | None = None) -> Well:
        return Well(frozenset(nodes), self.replicas if replicas is None else replicas)

    def _all(self, replicas: int | None = None) -> Well:
        return self._well({*self._old, *self.stay}, replicas)

    def _closing(self) -> Iterator[Turn]:
        if self.view.open_slots or self.bereft:
            yield Turn(self._known.host, CloseSlots(frozenset(self._old), self.bereft), None)

    def _joining(self) -> Iterator[Turn]:
        joined = list(self._old)
        for node in self.stay:
            if node not in joined:
                yield Turn(node.host, Meet(node, self._known), self._well(joined, 0))
                joined.append(node)

    def _inheriting(self, heads: Mapping[Node, Node]) -> Iterator[Turn]:
        for heir, master in heads.items():
            if heir != master:
                yield Turn(master.host, HandOver(master, heir), self._all(0))

    def _follows(
        self, heads: Mapping[Node, Node], followers: Mapping[Node, Node]
    ) -> tuple[list[Turn], list[Turn]]:
        """Who follows whom before slots move, and who after: a master must be empty first, and a
        replica stays until its shard has others enough.
        """
        inherited = {master: heir for heir, master in heads.items()}
        now: dict[Node, Node | None] = {n: self._head(n, inherited) for n in followers}
        waiting = {node: master for node, master in followers.items() if now[node] != master}
        early = []
        while ready := [n for n in waiting if self._free(n, now, heads)]:
            node = min(ready, key=lambda n: (now[n] is not None, n))
            now[node] = master = waiting.pop(node)
            early.append(Turn(node.host, Follow(node, master), self._all(0)))
        late = [Turn(n.host, Follow(n, m), self._all(0)) for n, m in sorted(waiting.items())]
        return early, late

    def _head(self, node: Node, inherited: Mapping[Node, Node]) -> Node | None:
        master = self.view.master_of(node)
        return inherited.get(master, master) if master else None

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

    def _spreading(self, heads: Mapping[Node, Node]) -> Iterator[Turn]:
        have = slots.counts(self.view)
        after = {heir: have.get(master, 0) for heir, master in heads.items()}
        inherited = set(heads.values())
        after |= {n: have[n] for n in self.view.masters if n not in inherited}
        want = slots.even(after, list(heads))
        if moves := tuple(slots.moves(after, want)):
            yield Turn(moves[0].source.host, Spread(want, moves), self._all())

    def _leaving(self) -> Iterator[Turn]:
        leaving = [node for node in self.view.present if node not in self.stay]
        for node in leaving:
            if node in self._old:
                step = Forget(self.view[node].id, str(node))
                yield Turn(self._known.host, step, None)
        for node in leaving:
            if not self.view[node].is_new:
                yield Turn(node.host, Reset(node), None)

    def _levelling(
        self, heads: Mapping[Node, Node], followers: Mapping[Node, Node]
    ) -> Iterator[Turn]:
        for master, heir in levelled(list(heads), followers):
            yield Turn(master.host, HandOver(master, heir), self._well(self.stay))


def reshape(
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
    ready = {n: k.runtime.prepare(k.facts, sources(hosts, n)) for n, k in new.items()}
    return replace(rollout, ready=ready, done={n: cluster_stack.finish(hosts, n) for n in hosts})
