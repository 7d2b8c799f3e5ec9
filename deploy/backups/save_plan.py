"""The plan of `deploy.backup`: settings and facts in, steps out. Pure."""

from collections.abc import Iterator, Mapping

from deploy.backups import checks
from deploy.backups.facts import InstanceFacts
from deploy.backups.repository import Draft
from deploy.backups.save_steps import Finish, Save, Source
from deploy.cluster.health import MAX_LAG
from deploy.cluster.slots import ranges
from deploy.cluster.state import SLOTS, ClusterView
from deploy.cluster.topology import Node
from deploy.runtimes.instances import Instance
from deploy.settings import Stack
from deploy.steps import Step, Tell

Sources = Mapping[Node, Source]


def source(stack: Stack, instance: Instance, facts: InstanceFacts) -> Source:
    """A server that stands alone."""
    redis = facts.info["redis_version"] if facts.info else ""
    percentage, recipients = stack.redis.auto_aof_rewrite_percentage, stack.backup.recipients
    return Source(instance, redis, percentage, recipients=recipients)


def plan(source: Source, draft: Draft, *, keep: int) -> list[Step]:
    """The steps for a server that stands alone."""
    return [Save(source, draft), Finish(draft, source.instance, (source.archive,), keep)]


def sources(stack: Stack, instances: Mapping[Node, Instance], view: ClusterView) -> Sources:
    """The server of each shard that is saved."""
    return {node: _source(stack, instances[node], view, node) for node in chosen(view)}


def problems(
    sources: Sources, facts: Mapping[Node, InstanceFacts], draft: Draft, *, free: int
) -> Iterator[str]:
    """Why the servers of one host, which `facts` has, can't be saved; `free`: bytes on this machine
    where the backup goes.
    """
    for node in sources:
        if node in facts:
            for line in checks.saving(facts[node], draft.repository, free=free):
                yield f"{node}: {line}"


def cluster_plan(
    sources: Sources, host: str, through: Instance, draft: Draft, *, keep: int, finishes: bool
) -> list[Step]:
    """One host's steps; the host that `finishes` does it for all, `through` a server of its own."""
    own = {node: source for node, source in sources.items() if node.host == host}
    archives = tuple(source.archive for source in sources.values()) if finishes else ()
    return [
        *(Save(source, draft) for source in own.values()),
        *(
            Tell(f"{node} is a master: its shard has no replica that has caught up")
            for node, source in own.items()
            if source.role == "master"
        ),
        Finish(draft, through, archives, keep, cluster=True),
    ]


def chosen(view: ClusterView) -> list[Node]:
    """The node of each shard that is saved: a replica that has caught up, or else the master."""
    return [_chosen(view, master) for master in sorted(view.masters)]


def _chosen(view: ClusterView, master: Node) -> Node:
    caught_up = (
        replica
        for replica in sorted(view.replicas(master))
        if view[replica].link_up and view[master].offset - view[replica].offset <= MAX_LAG
    )
    return next(caught_up, master)


def _source(stack: Stack, instance: Instance, view: ClusterView, node: Node) -> Source:
    found = view[node]
    master = view.master_of(node) or node
    return Source(
        instance,
        found.version,
        stack.redis.auto_aof_rewrite_percentage,
        role="master" if found.is_master else "replica",
        slots=tuple(ranges(view[master].slots)),
        recipients=stack.backup.recipients,
    )


def unsound(view: ClusterView) -> Iterator[str]:
    """Why a backup of the cluster would not have every key, and each once."""
    served = sum(len(view[master].slots) for master in view.masters)
    if served != SLOTS:
        yield (
            f"the cluster: only {served} of {SLOTS} slots are served by nodes that answer; run "
            "deploy.stack, which names what is wrong"
        )
    for node, found in view.present.items():
        if found.open_slots:
            slots = ", ".join(map(str, sorted(found.open_slots)))
            yield f"{node}: has open slots: {slots}; deploy.rebalance closes them"
