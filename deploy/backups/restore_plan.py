"""The plan of `deploy.restore`: settings and facts in, steps out. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.backups import checks, point_in_time
from deploy.backups.append_only_file import swap
from deploy.backups.facts import InstanceFacts
from deploy.backups.manifest import Manifest, Saved
from deploy.backups.restore_steps import Compare, CopyKeys, Empty, SetAside, Share, Upload
from deploy.cluster.health import problems as unhealthy
from deploy.cluster.state import ClusterView
from deploy.runtimes.base import Runtime
from deploy.runtimes.instances import Instance
from deploy.settings import Stack
from deploy.steps import Gate, Run, Step, Tell

Found = Mapping[Instance, InstanceFacts]


@dataclass(frozen=True)
class Backup:
    """What somebody asks to be put back, and how. `stamp` names what the run makes; `identity`: the
    secret keys that open it.
    """

    folder: Path
    manifest: Manifest
    until: int | None
    replace: bool
    stamp: str
    identity: str | None = field(default=None, repr=False)

    def share(self, saved: Saved, instance: Instance) -> Share:
        """A part of it for a server, uploaded beside its data."""
        name = f"restore-{self.stamp}-{saved.archive.partition('.tar')[0]}"
        folder = f"{instance.data}/{name}"
        return Share(saved, self.folder / saved.archive, instance, folder, self.identity)

    @property
    def aside(self) -> str:
        """The folder that gets what was there before."""
        return f"before-restore-{self.stamp}"


def problems(stack: Stack, backup: Backup, facts: InstanceFacts) -> Iterator[str]:
    """Why a server that stands alone can't get the backup."""
    manifest = backup.manifest
    yield from point_in_time.problems(manifest.nodes, backup.until)
    yield from _fits(backup, facts, shares=len(manifest.nodes))
    yield from checks.capacity(manifest, stack.redis.maxmemory, 1)


def plan(stack: Stack, runtime: Runtime, backup: Backup, instance: Instance) -> list[Step]:
    """The steps for a server that stands alone: it gets the backup's log, or the keys of all logs
    of a cluster's backup.
    """
    shares = tuple(backup.share(saved, instance) for saved in backup.manifest.nodes)
    if backup.manifest.cluster:
        return _by_keys(stack, runtime, backup, shares, [instance], compares=True)
    return _in_place(stack, runtime, backup, shares[0])


def cluster_shares(
    backup: Backup, names: Sequence[str], host: str, instance: Instance
) -> tuple[Share, ...]:
    """One host's shares: the parts of the backup are dealt out to the hosts of the cluster."""
    return tuple(
        backup.share(saved, instance)
        for n, saved in enumerate(backup.manifest.nodes)
        if names[n % len(names)] == host
    )


def cluster_problems(
    stack: Stack, view: ClusterView, backup: Backup, shares: Sequence[Share], facts: Found
) -> Iterator[str]:
    """Why a cluster can't get the backup, as far as one host knows, whose servers `facts` has."""
    replicas = stack.cluster.replicas if stack.cluster else 0
    manifest = backup.manifest
    yield from unhealthy(view, replicas)
    yield from point_in_time.problems(manifest.nodes, backup.until)
    for found in facts.values():
        yield from _fits(backup, found, shares=len(shares))
    yield from checks.capacity(manifest, stack.redis.maxmemory, len(view.masters))


def cluster_plan(
    stack: Stack, runtime: Runtime, backup: Backup, shares: Sequence[Share],
    instances: Sequence[Instance], *, compares: bool,
) -> list[Step]:  # fmt: skip
    """One host's steps; the host that `compares` does it for all."""
    return _by_keys(stack, runtime, backup, tuple(shares), instances, compares=compares)


def _fits(backup: Backup, facts: InstanceFacts, *, shares: int) -> Iterator[str]:
    return checks.restoring(backup.manifest, facts, replace=backup.replace, shares=shares)


def _in_place(stack: Stack, runtime: Runtime, backup: Backup, share: Share) -> list[Step]:
    """The server's log becomes the backup's."""
    instance = share.instance
    aside = f"{instance.data}/{backup.aside}"
    put = swap(instance, share.folder, aside)
    return [
        Upload((share,), backup.until),
        *_stopped(instance),
        Run(f"stop {instance.unit}", instance.stop(instance.unit)),
        Run(f"put the backup's log in place, and keep the old one in {aside}", put),
        Run(f"start {instance.unit}", instance.start(instance.unit)),
        Gate(
            "Redis answers",
            "Redis did not answer",
            instance.cli.is_ready(),
            stack.service.start_timeout_s,
        ),
        Compare(instance, (share.saved.archive,), cluster=False, aside=aside),
        *_start_service(stack, runtime, instance),
        Tell(f"what was there before is in {aside}; remove it when you don't need it any more"),
    ]


def _by_keys(
    stack: Stack, runtime: Runtime, backup: Backup, shares: tuple[Share, ...],
    instances: Sequence[Instance], *, compares: bool,
) -> list[Step]:  # fmt: skip
    """Each key is copied from a scratch server to where it belongs. All hosts of a cluster take
    these steps side by side, each with its shares; one of them compares what all have now.
    """
    instance, cluster = instances[0], stack.cluster is not None
    percentage = stack.redis.auto_aof_rewrite_percentage
    archives = tuple(saved.archive for saved in backup.manifest.nodes)
    making_room: list[Step] = [
        SetAside(tuple(instances), backup.aside, percentage),
        Empty(tuple(instances)),
    ]
    return [
        Upload(shares, backup.until),
        *_stopped(instance),
        *(making_room if backup.replace else []),
        CopyKeys(shares, cluster),
        Compare(instance if compares else None, archives, cluster),
        *_start_service(stack, runtime, instance),
    ]


def _stopped(instance: Instance) -> list[Step]:
    """Nobody writes while keys are put back."""
    return [Run(f"stop {unit}", instance.stop(unit)) for unit in reversed(instance.clients)]


def _start_service(stack: Stack, runtime: Runtime, instance: Instance) -> list[Step]:
    service, *others = instance.clients
    return [
        Run(f"start {service}", instance.start(service)),
        Gate(
            "the service is healthy",
            "the service did not become healthy",
            f"{runtime.command} status",
            stack.service.start_timeout_s,
        ),
        *(Run(f"start {unit}", instance.start(unit)) for unit in others),
    ]
