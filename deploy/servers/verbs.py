"""Runs a verb on the current host, which has the only Redis of its stack."""

from collections.abc import Callable
from dataclasses import replace

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host

from deploy.facts.gather import Facts, gather
from deploy.facts.software import BrewCandidateFact
from deploy.rollouts.hosts import HostState
from deploy.rollouts.newer import look_for_newer
from deploy.run_state import run_state
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.servers.checks import Refused
from deploy.servers.restart import restart, restart_at_home
from deploy.servers.rotate_secrets import rotate_secrets
from deploy.servers.upgrade import upgrade
from deploy.steps import Step

_PLANS: dict[str, Callable[[HostState], list[Step]]] = {
    "restart": restart,
    "upgrade": upgrade,
    "rotate_secrets": rotate_secrets,
}
_NO_OTHER = "its only Redis has no other that could take over; a cluster has (cluster={…})"
_OF_CLUSTERS = {
    "failover_drill": f"{_NO_OTHER}. What a restart costs here, deploy.restart tells",
    "rebalance": "its only Redis has all slots; a cluster shares them out (cluster={…})",
    "add_node": "one server can't get another; deploy.backup, then deploy.restore into a cluster",
    "remove_node": "its only Redis is all there is; deploy.remove takes it away",
    "replace_node": f"{_NO_OTHER}. Deploy to a new host, and deploy.restore its last backup",
}
_AT_HOME = {
    "upgrade": "update this checkout (uv sync), then run deploy.stack, which restarts it",
    "rotate_secrets": "it has no passwords: its Redis listens to nobody but its own user",
}


def plan(verb: str, runtime: Runtime) -> list[Step]:
    """The steps of a verb on this host.

    Raises:
        DeployError: it can't begin; nothing was changed.
    """
    try:
        return _plan(verb, runtime)
    except Refused as error:
        told = f"{host.name}: deploy.{verb}: {error}\n  nothing was changed"
        raise DeployError(told) from None


def _plan(verb: str, runtime: Runtime) -> list[Step]:
    if verb in _OF_CLUSTERS:
        raise Refused(_OF_CLUSTERS[verb])
    if isinstance(runtime, Embedded):
        if verb in _AT_HOME:
            raise Refused(_AT_HOME[verb])
        return restart_at_home(runtime)
    assert isinstance(runtime, ServerRuntime)
    if verb == "upgrade":
        look_for_newer(host, runtime)
    inventory, watch = run_state().inventory, runtime.watch()
    facts = gather(host.get_fact, runtime.machine, watch, local=False, inventory=inventory)
    return _PLANS[verb](HostState(runtime, _with_candidate(runtime, facts, verb)))


def _with_candidate(runtime: Runtime, facts: Facts, verb: str) -> Facts:
    """On a Mac, what Homebrew would bring is asked by its owner, not by root."""
    if verb != "upgrade" or not isinstance(runtime, DarwinNative):
        return facts
    candidate = host.get_fact(BrewCandidateFact, _sudo=False)
    return replace(facts, software=replace(facts.software, candidate=candidate))
