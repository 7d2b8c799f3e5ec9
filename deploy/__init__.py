"""The deployment's verbs: `pyinfra INVENTORY deploy.<verb>`.

Every change takes the same road: settings (the inventory) -> facts -> plan -> operations.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from difflib import get_close_matches
from inspect import isfunction

import click
from pyinfra import logger
from pyinfra.api.exceptions import DeployError, PyinfraError
from pyinfra.connectors.local import LocalConnector
from pyinfra.context import host, state

from deploy.asking import ask_with_care
from deploy.backups import clusters
from deploy.backups import verbs as backups
from deploy.before_connecting import check_before_connecting
from deploy.claim import others_to_remove
from deploy.facts.gather import gather
from deploy.facts.machine import Machine, machine_of
from deploy.operations import carry_out
from deploy.operations.connection_loss import report_lost_hosts
from deploy.operations.interrupts import end_at_ctrl_c
from deploy.operations.locks import locked
from deploy.removal import removal
from deploy.rollouts import discovery, run
from deploy.rollouts import verbs as rollouts
from deploy.rollouts.claims import refuse_others
from deploy.rollouts.hosts import DeployedCluster
from deploy.rollouts.rollout import Rollout
from deploy.run_state import run_state
from deploy.runtimes import runtime_of
from deploy.runtimes.base import Runtime
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.servers import verbs as servers
from deploy.servers.checks import interrupted_rotation
from deploy.settings import Stack
from deploy.status import verb as stated
from deploy.steps import Step

ask_with_care()
check_before_connecting()


def stack() -> None:
    """Makes every host of the inventory what the inventory says it should be.

    All hosts are read and checked first: a problem on one of them ends the run before anything is
    changed anywhere. If a host is as it should be, only its health is checked.
    """
    _all_or_none()
    steps, lock = discovery.plan() if _wanted().cluster else _plan_of_one()
    _show(steps)
    with lock:
        carry_out(steps)


def _plan_of_one() -> tuple[list[Step], AbstractContextManager[None]]:
    """What is to be done on a host without a cluster; and the lock under which it is carried out,
    if there is something to change.
    """
    _, machine, runtime = _this_host()
    local = issubclass(host.connector_cls, LocalConnector)
    inventory = run_state().inventory
    facts = gather(host.get_fact, machine, runtime.watch(), local=local, inventory=inventory)
    rotation = interrupted_rotation(runtime, facts) if isinstance(runtime, ServerRuntime) else ()
    if problems := [*runtime.problems(facts), *rotation]:
        lines = "\n".join(f"  {problem}" for problem in problems)
        raise DeployError(f"{host.name} can't be deployed to; nothing was changed\n{lines}")
    for caution in runtime.cautions(facts):
        logger.warning(f"{host.print_prefix}{caution}")
    steps = runtime.plan(facts)
    changes = any(step.changes for step in steps)
    return steps, _lock(runtime, "stack", host.name) if changes else nullcontext()


def backup(to: str | None = None, keep: int = 7) -> None:
    """Brings the data of a server, or of all shards of a cluster, to this machine, loaded once and
    checked: `deploy.backup to=DIR keep=N`. They keep serving meanwhile.
    """
    _all_or_none()
    refuse_others("backup", _runtime())
    if _wanted().cluster:
        steps, lock = clusters.save(to=to, keep=keep)
    else:
        wanted, _, runtime = _this_host()
        steps = backups.save(wanted, runtime, to=to, keep=keep)
        lock = _lock(runtime, "backup", host.name)
    _show(steps)
    with lock:
        carry_out(steps)


def restore(
    from_: str,
    point_in_time: str | int | None = None,
    replace: str | bool = False,
    identity: str | None = None,
) -> None:
    """Restores a backup of a server or a cluster into either: `deploy.restore from_=DIR
    [point_in_time=TIME] [replace=yes] [identity=FILE]`. It is loaded once before anything is
    changed, and what was there before is kept.
    """
    _all_or_none()
    refuse_others("restore", _runtime())
    backup = backups.opened(from_, point_in_time, replace, identity)
    if _wanted().cluster:
        steps, lock = clusters.restore(backup)
    else:
        wanted, _, runtime = _this_host()
        steps = backups.restore(wanted, runtime, backup)
        lock = _lock(runtime, "restore", host.name)
    _show(steps)
    with lock:
        carry_out(steps)


def restart() -> None:
    """Restarts every Redis: of a cluster one after the other, replicas before masters; one server
    at once, and says how long it was away.
    """
    _roll("restart", rollouts.restart)


def upgrade() -> None:
    """Brings a newer Redis (apt's, Homebrew's, or what the image's tag means by now) and service:
    to a cluster node by node, to one server with a gap.
    """
    _roll("upgrade", rollouts.upgrade)


def failover_drill() -> None:
    """Lets a replica of every shard take over, and fails back."""
    _roll("failover_drill", rollouts.failover_drill)


def rebalance() -> None:
    """Makes the shards of a cluster even, and closes slots that an interrupted move left open."""
    _roll("rebalance", rollouts.rebalance)


def add_node() -> None:
    """Adds the hosts that are new in the inventory to the cluster."""
    _roll("add_node", rollouts.add_node)


def remove_node(host: str) -> None:
    """Empties a host, and removes it from the cluster: `deploy.remove_node host=NAME`."""
    _roll("remove_node", lambda cluster: rollouts.remove_node(cluster, str(host)))


def replace_node(host: str) -> None:
    """Replaces a dead host by a new one: `deploy.replace_node host=ADDRESS`, the dead one's (or its
    name, if the new host has the same).
    """
    _roll("replace_node", lambda cluster: rollouts.replace_node(cluster, str(host)))


def rotate_secrets() -> None:
    """New passwords for all users of a cluster or a server, which keeps serving:
    `deploy.rotate_secrets`. New certificates are put in place by `deploy.stack`.
    """
    _roll("rotate_secrets", rollouts.rotate_secrets)


def status(json: str | bool = False, backups: str | None = None) -> None:
    """Tells how all hosts are: versions, health, what is newer, what deploy.stack would change, the
    last backup, the end of certificates. Changes nothing: `deploy.status [json=yes] [backups=DIR]`.
    """
    end_at_ctrl_c()
    stated.tell(json, backups)


def remove(confirm: str | None = None, data: str = "keep") -> None:
    """Takes the stack off its hosts again; the data stays, unless `data=erase`. Without
    `confirm=HOST,HOST…` it only shows the plan: `deploy.remove confirm=HOST [data=erase]`.
    """
    _all_or_none()
    confirmed = removal.is_confirmed(confirm, data)
    runtime = _runtime()
    first = discovery.inventory().spec.first if _wanted().cluster else host.name
    refuse_others("remove", runtime, others_to_remove)
    steps = removal.plan(runtime, erase=data == "erase")
    _show(steps)
    if not confirmed:
        removal.tell(runtime, steps, data)
        return
    if any(step.changes for step in steps):
        with _lock(runtime, "remove", first):
            carry_out(steps)


def _roll(verb: str, plan: Callable[[DeployedCluster], Rollout]) -> None:
    _all_or_none()
    if _wanted().cluster:
        run.roll(verb, plan)
        return
    _, _, runtime = _this_host()
    steps = servers.plan(verb, runtime)
    _show(steps)
    if any(step.changes for step in steps):
        with _lock(runtime, verb, host.name):
            carry_out(steps)


def __getattr__(name: str) -> None:
    """Where somebody has mistyped a verb, the verbs that there are."""
    run = click.get_current_context(silent=True)
    asked = run.params.get("operations", ()) if run else ()
    if asked and asked[0] == f"deploy.{name}":
        verbs = [n for n, it in globals().items() if isfunction(it) and it.__module__ == __name__]
        known = sorted(verb for verb in verbs if not verb.startswith("_"))
        close = get_close_matches(name, known, n=1)
        meant = f"; did you mean deploy.{close[0]}?" if close else ""
        said = f"deploy.{name}: there is no such verb{meant}\n  there are: {', '.join(known)}"
        raise PyinfraError(said)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _lock(runtime: Runtime, verb: str, first: str) -> AbstractContextManager[None]:
    """Of the hosts that others may deploy to, too: not of somebody's home."""
    if not isinstance(runtime, ServerRuntime):
        return nullcontext()
    return locked(verb, first, runtime.layout.lock)


def _runtime() -> Runtime:
    """How the current host is deployed to."""
    if _wanted().cluster:
        return discovery.host_states(discovery.inventory(), host.name)[host.name].runtime
    return _this_host()[2]


def _this_host() -> tuple[Stack, Machine, Runtime]:
    """What the current host should be, its machine, and how it is deployed to."""
    wanted = _wanted()
    machine = machine_of(host, wanted.runtime)
    return wanted, machine, runtime_of(wanted, machine, host.name)


def _all_or_none() -> None:
    """One failure ends the run on all hosts. pyinfra would continue with the others."""
    end_at_ctrl_c()
    report_lost_hosts(state)
    state.config.FAIL_PERCENT = 0
    if state.failed_hosts:
        names = ", ".join(sorted(failed.name for failed in state.failed_hosts))
        raise DeployError(f"can't reach {names}; nothing was changed on any host")


def _wanted() -> Stack:
    wanted: Stack = host.data.stack  # every host has one: this was checked before connecting
    return wanted


def _show(steps: list[Step]) -> None:
    """Prints the plan: what will change, in order."""
    changes = [step for step in steps if step.changes]
    if not changes:
        logger.info(f"{host.print_prefix}Plan: nothing to change")
    for number, step in enumerate(changes, 1):
        logger.info(f"{host.print_prefix}Plan {number}/{len(changes)}: {step}")
