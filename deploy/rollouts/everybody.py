"""All hosts of a cluster, read once each in a run, whoever asks."""

from contextlib import AbstractContextManager, nullcontext

from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host
from pyinfra.context import host, state

from deploy.cluster.topology import TopologyError
from deploy.facts.gather import gather
from deploy.facts.machine import MachineFact
from deploy.operations.locks import locked
from deploy.rollouts import converge
from deploy.rollouts.converge import Known
from deploy.rollouts.inventory import Hosts, read
from deploy.run_state import run_state
from deploy.runtimes import server_runtime_of
from deploy.steps import Step


def hosts() -> Hosts:
    """What the inventory says of the cluster.

    Raises:
        DeployError: its hosts make up no cluster, or the run leaves some of them out: all meet at
            barriers, and a part of a backup or a restore is none.
    """
    here = {each.name for each in state.active_hosts}
    if outside := sorted({each.name for each in state.inventory} - here):
        names = ", ".join(outside)
        raise DeployError(
            f"{names}: a cluster needs all its hosts; leave out --limit and --exclude\n"
            "  nothing was changed"
        )
    try:
        return read({each.name: _data(each) for each in state.inventory})
    except TopologyError as error:
        raise DeployError(f"{error}\n  nothing was changed") from None


def _data(each: Host) -> dict[str, object]:
    return {name: getattr(each.data, name, None) for name in ("stack", "address")}


def plan() -> tuple[list[Step], AbstractContextManager[None]]:
    """What the host that pyinfra is at has to do, so that the cluster becomes what is wanted; and
    the lock under which it is done, if any host has something to change.

    Raises:
        DeployError: it can't; nothing was changed anywhere.
    """
    wanted = hosts()
    found = known(wanted, host.name)
    plans = run_state().once("plans", lambda: _plans(wanted, found))
    changes = any(step.changes for steps in plans.values() for step in steps)
    return plans[host.name], locked("stack", wanted.site.first) if changes else nullcontext()


def _plans(wanted: Hosts, found: dict[str, Known]) -> dict[str, list[Step]]:
    """Every host's plan, for each depends on all hosts."""
    if lines := converge.problems(wanted, found):
        told = "\n".join(f"  {line}" for line in lines)
        raise DeployError(f"the cluster can't be deployed; nothing was changed\n{told}")
    return {name: converge.plan(wanted, found, name) for name in found}


def known(wanted: Hosts, first: str) -> dict[str, Known]:
    """Every host as it is now; each is read by who asks first for it, `first` before all others."""
    names = [first, *sorted(wanted.addresses.keys() - {first})]
    return {name: _known(wanted, state.inventory.get_host(name)) for name in names}


def _known(wanted: Hosts, other: Host) -> Known:
    return run_state().once(other, lambda: _look(wanted, other))


def _look(wanted: Hosts, other: Host) -> Known:
    machine = other.get_fact(MachineFact)
    runtime = server_runtime_of(wanted.stack, machine, wanted.on(other.name))
    if not runtime.clusters:
        raise DeployError(f"{other.name}: a cluster's nodes run on Linux, and this is a Mac")
    return Known(runtime, gather(other.get_fact, machine, runtime.watch(), local=False))
