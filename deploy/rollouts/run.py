"""Runs a verb on the inventory's cluster: planned once for all hosts, done under the lock."""

from collections.abc import Callable
from dataclasses import replace

from pyinfra import logger
from pyinfra.api.exceptions import DeployError
from pyinfra.context import host, state

from deploy.cluster.lock import Lock
from deploy.cluster.nodes import ClusterError
from deploy.cluster.topology import TopologyError
from deploy.facts.cluster import LockFact
from deploy.facts.machine import MachineFact
from deploy.layout import LOCK
from deploy.operations import carry_out
from deploy.operations.locks import locked
from deploy.rollouts import discovery
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.newer import look_for_newer
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import show
from deploy.run_state import run_state
from deploy.runtimes import server_runtime_of
from deploy.settings import Stack


def roll(verb: str, plan: Callable[[DeployedCluster], Rollout]) -> None:
    """Adds the host's part of a verb to the run.

    Raises:
        DeployError: it can't begin; nothing was changed.
    """
    # One failure ends the run everywhere; pyinfra must not ask whether to continue without a host.
    state.should_raise_failed_hosts = None
    rollout = run_state().once(verb, lambda: _planned(verb, plan))
    if rollout.changes:
        with locked(verb, rollout.spec.first):
            carry_out(rollout.steps(host.name))


def _planned(verb: str, plan: Callable[[DeployedCluster], Rollout]) -> Rollout:
    wanted = discovery.inventory()
    if verb == "upgrade":
        _look_for_newer(wanted.stack)
    found = discovery.host_states(wanted, host.name)
    since = _since(verb, wanted.spec.first)
    try:
        rollout = replace(plan(DeployedCluster(wanted, found, since)), resumed=since is not None)
    except (ClusterError, TopologyError, LookupError) as error:
        raise DeployError(f"deploy.{verb}: {error}\n  nothing was changed") from None
    _show_plan(rollout)
    return rollout


def _look_for_newer(stack: Stack) -> None:
    """Before the hosts are read."""
    for each in sorted(state.inventory, key=lambda each: each.name):
        look_for_newer(each, server_runtime_of(stack, each.get_fact(MachineFact)))


def _since(verb: str, first: str) -> float | None:
    """When the interrupted run of the same verb on this machine began."""
    text = state.inventory.get_host(first).get_fact(LockFact, LOCK)
    found = Lock.parse(text or "")
    return found.since if found and found.verb == verb and found.is_stale() else None


def _show_plan(rollout: Rollout) -> None:
    for name, steps in rollout.ready.items():
        for step in steps:
            if step.changes:
                logger.info(f"Plan before turn 1: {name}: {step}")
    for line in show(rollout.turns) or ["Plan: nothing to change"]:
        logger.info(line)
