"""Reads all hosts of a cluster, each once in a run."""

from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from weakref import WeakKeyDictionary

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
from deploy.runtimes import runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.steps import Step

_READ: WeakKeyDictionary[Host, HostState] = WeakKeyDictionary()
_READING: WeakKeyDictionary[Host, Lock] = WeakKeyDictionary()
_PLANS: dict[str, list[Step]] = {}
"""By host. Each depends on all hosts; the first that has read them all makes all plans."""


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
        return read({each.name: _data(each) for each in state.inventory})
    except TopologyError as error:
        raise DeployError(f"{error}\n  nothing was changed") from None


def _data(each: Host) -> dict[str, object]:
    return {name: getattr(each.data, name, None) for name in ("stack", "address")}


def plan() -> tuple[list[Step], AbstractContextManager[None]]:
    """The plan of `deploy.stack` for the current host; and the lock under which it is carried out,
    if any host has something to change.

    Raises:
        DeployError: the cluster can't be deployed; nothing was changed anywhere.
    """
    wanted = inventory()
    found = host_states(wanted, host.name)
    if not _PLANS:
        if lines := cluster_preflight.problems(wanted, found):
            told = "\n".join(f"  {line}" for line in lines)
            raise DeployError(f"the cluster can't be deployed; nothing was changed\n{told}")
        _PLANS.update({name: cluster_stack.plan(wanted, found, name) for name in found})
    changes = any(step.changes for steps in _PLANS.values() for step in steps)
    return _PLANS[host.name], locked("stack", wanted.spec.first) if changes else nullcontext()


def host_states(wanted: ClusterInventory, first: str) -> dict[str, HostState]:
    """Every host as it is now; each is read when first asked for, `first` before all others."""
    names = [first, *sorted(wanted.addresses.keys() - {first})]
    return {name: _state_of(wanted, state.inventory.get_host(name)) for name in names}


def _state_of(wanted: ClusterInventory, other: Host) -> HostState:
    with _READING.setdefault(other, Lock()):
        if other not in _READ:
            _READ[other] = _discover(wanted, other)
        return _READ[other]


def _discover(wanted: ClusterInventory, other: Host) -> HostState:
    machine = other.get_fact(MachineFact)
    runtime = runtime_of(wanted.stack, machine, wanted.on(other.name))
    if not isinstance(runtime, Docker | LinuxNative):
        raise DeployError(f"{other.name}: a cluster needs Linux hosts, and this is a Mac")
    return HostState(runtime, gather(other.get_fact, machine, runtime.watch(), local=False))
