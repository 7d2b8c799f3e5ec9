"""Reads every host of a run, and changes nothing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pyinfra.api.host import Host
from pyinfra.context import state

from deploy.backups.manifest import Manifest
from deploy.backups.repository import BackupError, open_backup
from deploy.cluster.health import problems as unhealthy
from deploy.facts.docker import RegistryFact
from deploy.facts.gather import gather
from deploy.facts.machine import Machine, machine_of
from deploy.operations.gates import Succeeds
from deploy.pem import ends
from deploy.rollouts import cluster_preflight, cluster_stack
from deploy.rollouts.discovery import said_of
from deploy.rollouts.hosts import HostState, view
from deploy.rollouts.inventory import ClusterInventory, read
from deploy.run_state import run_state
from deploy.runtimes import server_runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.embedded import Embedded
from deploy.settings import Stack
from deploy.status import judging
from deploy.status.host_status import Health, HostStatus
from deploy.steps import Step


def statuses(repository: Path) -> list[HostStatus]:
    """Every host of the run, by name; `repository`: of backups on this machine."""
    every = sorted(state.inventory, key=lambda each: str(each.name))
    if any(each.data.stack.cluster for each in every):
        wanted = read({each.name: said_of(each) for each in every})
        return _of_cluster(wanted, every, repository)
    return [_of_one(each, repository) for each in every]


def _of_one(each: Host, repository: Path) -> HostStatus:
    stack: Stack = each.data.stack
    if not _is_there(each):
        return HostStatus(each.name, stack.runtime, "unreachable")
    machine = machine_of(each, stack.runtime)
    if stack.runtime == "embedded":
        return _at_home(each, Embedded(stack, machine))
    known = _state(each, stack, machine, None)
    found = _of_server(each, known, repository / each.name)
    if known.runtime.others(known.facts):
        return found
    return replace(found, differs=_changes(lambda: known.runtime.plan(known.facts)))


def _of_cluster(
    wanted: ClusterInventory, every: Sequence[Host], repository: Path
) -> list[HostStatus]:
    there = {each: machine_of(each, wanted.stack.runtime) for each in every if _is_there(each)}
    hosts = {e.name: _state(e, wanted.stack, machine, wanted) for e, machine in there.items()}
    saved = repository / f"cluster-{wanted.spec.first}"
    found = {e.name: _of_server(e, hosts[e.name], saved) for e in every if e.name in hosts}
    if len(hosts) < len(every):  # what all together would do can't be told
        gone = HostStatus("", wanted.stack.runtime, "unreachable")
        return [found.get(e.name, replace(gone, host=e.name)) for e in every]
    is_well = cluster_preflight.problems(wanted, hosts) == []
    lines = unhealthy(view(wanted, hosts), wanted.cluster.replicas) if is_well else []
    return [_in_cluster(wanted, hosts, found[e.name], lines if is_well else None) for e in every]


def _in_cluster(
    wanted: ClusterInventory, hosts: dict[str, HostState], own: HostStatus, lines: list[str] | None
) -> HostStatus:
    """One host, with what the cluster says of all: told once, at the first."""
    if lines is None or own.health == "not deployed":
        return own
    changes = _changes(lambda: cluster_stack.plan(wanted, hosts, own.host))
    told = tuple(lines) if own.host == wanted.spec.first else ()
    return replace(
        own,
        health="unhealthy" if lines else own.health,
        problems=(*own.problems, *told),
        differs=changes,
    )


def _of_server(each: Host, known: HostState, saved: Path) -> HostStatus:
    runtime, facts = known.runtime, known.facts
    serves = bool(each.get_fact(Succeeds, f"{runtime.command} status"))
    health, lines = judging.health(runtime, facts, serves=serves)
    registry: judging.Registry = {}
    if isinstance(runtime, Docker) and health != "not deployed":
        registry = each.get_fact(RegistryFact, runtime.images.pulled)
    backup = _last_backup(saved)
    return HostStatus(
        each.name,
        runtime.stack.runtime,
        health,
        redis=judging.versions(runtime, facts),
        release=judging.release(runtime, facts),
        problems=tuple(lines),
        newer=tuple(judging.newer(runtime, facts, registry)),
        images=tuple(judging.images(runtime, facts)),
        not_asked=tuple(judging.not_asked(facts, registry)),
        backup=backup.made if backup else None,
        backup_encrypted=bool(backup.recipients) if backup else None,
        certificate_ends=_first_end(runtime.stack, each.name),
    )


def _at_home(each: Host, runtime: Embedded) -> HostStatus:
    facts = gather(each.get_fact, runtime.machine, runtime.watch(), local=True)
    is_up = facts.embedded is not None and facts.embedded.healthy
    differs = _changes(lambda: runtime.plan(facts))
    there = runtime.layout.toml in facts.paths
    health: Health = "healthy" if is_up else "unhealthy" if there else "not deployed"
    return HostStatus(each.name, "embedded", health, differs=differs)


def _is_there(each: Host) -> bool:
    return each in state.active_hosts and each not in state.failed_hosts


def _state(
    each: Host, stack: Stack, machine: Machine, wanted: ClusterInventory | None
) -> HostState:
    nodes = wanted.on(each.name) if wanted else ()
    runtime = server_runtime_of(stack, machine, nodes, each.name)
    inventory = run_state().inventory
    facts = gather(each.get_fact, machine, runtime.watch(), local=False, inventory=inventory)
    return HostState(runtime, facts)


def _changes(plan: Callable[[], Iterable[Step]]) -> int:
    return sum(step.changes for step in plan())


def _last_backup(folder: Path) -> Manifest | None:
    try:
        return open_backup(str(folder))[1]
    except BackupError:
        return None


def _first_end(stack: Stack, host: str) -> datetime | None:
    """When the first of a host's certificates ends, as the inventory's files say it."""
    own = [stack.tls.certificate(host)[0], stack.tls.ca] if stack.tls else []
    web = [stack.web.tls_cert] if stack.web.enabled and stack.web.tls_cert else []
    return min(filter(None, map(ends, (*own, *web))), default=None)
