"""`deploy.backup` and `deploy.restore` of a cluster: the facts are read, and the plan is made. A
backup of any shape can be put back into a cluster.
"""

from contextlib import AbstractContextManager
from functools import cached_property

from pyinfra.context import host

from deploy.backups import facts, restore_plan, save_plan
from deploy.backups.repository import Draft, free
from deploy.backups.restore_plan import Backup
from deploy.backups.verbs import destination, refuse
from deploy.cluster.topology import Node
from deploy.operations.locks import locked
from deploy.rollouts import discovery
from deploy.rollouts.hosts import view
from deploy.run_state import run_state
from deploy.runtimes.instances import Instance
from deploy.steps import Step

Plan = tuple[list[Step], AbstractContextManager[None]]


class _Cluster:
    """The cluster of the inventory as it is now, seen from the host that pyinfra is at."""

    def __init__(self) -> None:
        self.wanted = discovery.inventory()
        self.stack = self.wanted.stack
        self.hosts = discovery.host_states(self.wanted, host.name)
        self.view = view(self.wanted, self.hosts)
        self.runtime = self.hosts[host.name].runtime
        self.first = self.wanted.spec.first

    @cached_property
    def instances(self) -> dict[Node, Instance]:
        """Every Redis, by node."""
        found = (each for known in self.hosts.values() for each in known.runtime.instances())
        by_name = {instance.name: instance for instance in found}
        return {node: by_name[str(node)] for node in self.wanted.nodes}

    @property
    def own(self) -> list[Instance]:
        """Those of this host."""
        return [one for node, one in self.instances.items() if node.host == host.name]


def save(*, to: object, keep: object) -> Plan:
    """The plan of a backup of all shards, for the host that pyinfra is at."""
    repository, kept = destination(to, keep)
    cluster = _Cluster()
    refuse("backed up", list(save_plan.unsound(cluster.view)))
    draft = Draft(repository, f"cluster-{cluster.first}", run_state().stamp)
    sources = save_plan.sources(cluster.stack, cluster.instances, cluster.view)
    found = {
        node: facts.read(host.get_fact, source.instance)
        for node, source in sources.items()
        if node.host == host.name
    }
    refuse("backed up", list(save_plan.problems(sources, found, draft, free=free(repository))))
    finishes = host.name == cluster.first
    steps = save_plan.cluster_plan(
        sources, host.name, cluster.own[0], draft, keep=kept, finishes=finishes
    )
    return steps, locked("backup", cluster.first)


def restore(backup: Backup) -> Plan:
    """The plan of putting a backup of any shape into the cluster, for this host."""
    cluster = _Cluster()
    stack, own = cluster.stack, cluster.own
    shares = restore_plan.cluster_shares(backup, sorted(cluster.hosts), host.name, own[0])
    found = {each: facts.read(host.get_fact, each, keys=True) for each in own}
    lines = restore_plan.cluster_problems(stack, cluster.view, backup, shares, found)
    refuse("restored to", list(lines))
    compares = host.name == cluster.first
    steps = restore_plan.cluster_plan(
        stack, cluster.runtime, backup, shares, own, compares=compares
    )
    return steps, locked("restore", cluster.first)
