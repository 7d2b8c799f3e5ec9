"""`deploy.rotate_secrets`: new passwords, with nobody locked out meanwhile. Pure.

Until the end, the new passwords are kept beside those in use (`.next`), and so are the old ones
(`.old`): wherever a run is interrupted, each host can tell which must be valid, and the next run
resumes. Connections stay open, and for a new one the service reads its file: nothing restarts.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from shlex import quote

from deploy.cluster.nodes import ClusterError
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster, HostState
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn
from deploy.steps import ApplyMasterauth, CopySecret, LoadAcl, Run, Step


def rotate_secrets(cluster: DeployedCluster) -> Rollout:
    """New passwords are made; both are valid; the new ones are used; only they are valid."""
    require_healthy(cluster)
    if lines := list(_missing(cluster)):
        raise ClusterError("passwords are missing; run deploy.stack first", *lines)
    source = _source(cluster)
    names = [source, *sorted(cluster.hosts.keys() - {source})]
    turns = [
        Turn(name, step, None if number else cluster.health_check())
        for phase in phases(source)
        for name in names
        for number, step in enumerate(phase(name, cluster.hosts[name]))
    ]
    return Rollout(cluster.spec, turns, cluster.health_check())


def phases(source: str) -> list[Callable[[str, HostState], Iterator[Step]]]:
    """What every host does, given its name, before any does the next; `source` makes passwords."""
    return [partial(_have, source), _allow_both, _use, _allow_one, _forget]


def _missing(cluster: DeployedCluster) -> Iterator[str]:
    """What can't be replaced: a user that is new in this version, say."""
    for name, known in sorted(cluster.hosts.items()):
        for role in known.runtime.secrets.roles:
            if role not in known.facts.secrets:
                yield f"{name}: has no password of {role}"


def _source(cluster: DeployedCluster) -> str:
    """The host that already has most of the new passwords, or will make them."""
    having = {
        name: sum(path in known.facts.paths for path in known.runtime.secrets.coming.values())
        for name, known in sorted(cluster.hosts.items())
    }
    return max(having, key=lambda name: having[name])


def _have(source: str, name: str, known: HostState) -> Iterator[Step]:
    secrets = known.runtime.secrets
    for step in secrets.make:
        new = replace(step, path=secrets.coming[step.role])
        yield new if name == source else CopySecret(new, source)


def _allow_both(_: str, known: HostState) -> Iterator[Step]:
    secrets = known.runtime.secrets
    pairs = [(quote(path), quote(secrets.going[role])) for role, path in secrets.files.items()]
    kept = " && ".join(f"{{ [ -e {old} ] || cp -p {now} {old}; }}" for now, old in pairs)
    yield Run("keep a copy of the passwords in use", kept)
    beside = tuple(tuple(paths.items()) for paths in (secrets.going, secrets.coming))
    for server in known.runtime.servers:
        yield replace(server.acl, beside=beside)
        yield LoadAcl(server.cli)


def _use(_: str, known: HostState) -> Iterator[Step]:
    secrets = known.runtime.secrets
    pairs = [(quote(secrets.coming[role]), quote(path)) for role, path in secrets.files.items()]
    taken = " && ".join(f"cp -p {new} {now}.new && mv {now}.new {now}" for new, now in pairs)
    yield Run("use the new passwords", taken)
    if secrets.in_cluster:
        yield secrets.masterauth
        for server in known.runtime.servers:
            yield ApplyMasterauth(server.cli, server.layout.secret("replica"))
    yield known.runtime.healthy()


def _allow_one(_: str, known: HostState) -> Iterator[Step]:
    for server in known.runtime.servers:
        yield server.acl
        yield LoadAcl(server.cli)


def _forget(_: str, known: HostState) -> Iterator[Step]:
    secrets = known.runtime.secrets
    paths = [*secrets.going.values(), *secrets.coming.values()]
    yield Run("delete the old passwords", f"rm -f {' '.join(map(quote, paths))}")
