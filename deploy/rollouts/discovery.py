"""Reads all hosts of a cluster, each once in a run."""

from contextlib import AbstractContextManager, nullcontext

from pyinfra import logger
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host
from pyinfra.context import host, state

from deploy.cluster.topology import TopologyError
from deploy.facts.gather import gather
from deploy.facts.machine import MachineFact
from deploy.operations.locks import locked
from deploy.rollouts import cluster_preflight, cluster_stack
from deploy.rollouts.hosts import HostState
from deploy.rollouts.inventory import ClusterInventory, read
from deploy.run_state import run_state
from deploy.runtimes import server_runtime_of
from deploy.steps import Step


def inventory() -> ClusterInventory:
    """What the inventory says of the cluster.

    Raises:
        DeployError: its hosts can't form a cluster, or the run leaves some of them out: all have to
            pass the barriers, and part of a backup is no backup.
    """
    here = {each.name for each in state.active_hosts}
    if outside := sorted({each.name for each in state.inventory} - here):
        names = ", ".join(outside)
        raise DeployError(
            f"{names}: a cluster needs all its hosts; run without --limit and --exclude\n"
            "  nothing was changed"
        )
    try:
        return read({each.name: said_of(each) for each in state.inventory})
    except TopologyError as error:
        raise DeployError(f"{error}\n  nothing was changed") from None


def said_of(each: Host) -> dict[str, object]:
    """What the inventory says of one host."""
    return {name: getattr(each.data, name, None) for name in ("stack", "address")}


def plan() -> tuple[list[Step], AbstractContextManager[None]]:
    """The plan of `deploy.stack` for the current host; and the lock under which it is carried out,
    if any host has something to change.

    Raises:
        DeployError: the cluster can't be deployed; nothing was changed anywhere.
    """
    wanted = inventory()
    found = host_states(wanted, host.name)
    plans = run_state().once("plans", lambda: _plans(wanted, found))
    changes = any(step.changes for steps in plans.values() for step in steps)
    return plans[host.name], locked("stack", wanted.spec.first) if changes else nullcontext()


def _plans(wanted: ClusterInventory, found: dict[str, HostState]) -> dict[str, list[Step]]:
    """Every host's plan, for each depends on all hosts."""
    if lines := cluster_preflight.problems(wanted, found):
        told = "\n".join(f"  {line}" for line in lines)
        raise DeployError(f"the cluster can't be deployed; nothing was changed\n{told}")
    for name, known in sorted(found.items()):
        for caution in known.runtime.cautions(known.facts):
            logger.warning(f"{name}: {caution}")
    return {name: cluster_stack.plan(wanted, found, name) for name in found}


def host_states(wanted: ClusterInventory, first: str) -> dict[str, HostState]:
    """Every host as it is now; each is read when first asked for, `first` before all others."""
    names = [first, *sorted(wanted.addresses.keys() - {first})]
    return {name: _state_of(wanted, state.inventory.get_host(name)) for name in names}


def _state_of(wanted: ClusterInventory, other: Host) -> HostState:
    return run_state().once(other, lambda: _discover(wanted, other))


def _discover(wanted: ClusterInventory, other: Host) -> HostState:
    machine = other.get_fact(MachineFact)
    runtime = server_runtime_of(wanted.stack, machine, wanted.on(other.name))
    if not runtime.clusters:
        raise DeployError(f"{other.name}: a cluster needs Linux hosts, and this is a Mac")
    inventory = run_state().inventory
    facts = gather(other.get_fact, machine, runtime.watch(), local=False, inventory=inventory)
    return HostState(runtime, facts)
