"""`deploy.upgrade`: another version of Redis or of the service, node by node. Pure."""

from collections.abc import Iterator

from deploy.cluster.nodes import ClusterError
from deploy.cluster.topology import Node
from deploy.rollouts import cluster_stack
from deploy.rollouts.cluster_preflight import require_healthy
from deploy.rollouts.hosts import DeployedCluster, HostState, sources
from deploy.rollouts.rolling_restart import rolling
from deploy.rollouts.rollout import Rollout
from deploy.rollouts.turns import Turn
from deploy.runtimes.docker import Docker
from deploy.steps import Gate, PullImage, Run, Step
from deploy.versions import numbers, upstream

_APT = (
    "DEBIAN_FRONTEND=noninteractive apt-get install -y --only-upgrade --no-install-recommends "
    "-o Dpkg::Options::=--force-confold redis-server redis-tools"
)


def upgrade(cluster: DeployedCluster) -> Rollout:
    """Packages or images are installed first, beside what is running; then nodes restart one by
    one, replicas before masters; then the service, host by host. Never to an older Redis, which
    could not read the data.
    """
    require_healthy(cluster)
    if lines := [line for known in cluster.hosts.values() for line in _older(known)]:
        raise ClusterError(
            "Redis can't be downgraded; restore a backup into the older version instead", *lines
        )
    hosts = cluster.hosts
    fetched = {name: _fetch(known) for name, known in sorted(hosts.items())}
    why = {**cluster_stack.restarts(hosts), **_replaced(cluster)}
    packages = [
        Turn(name, step, cluster.health_check())
        for name, known in sorted(hosts.items())
        for step in _install(known)
    ]
    nodes = rolling(cluster.view, cluster.wanted.cluster.replicas, why)
    ready = {
        name: [
            *fetched[name],
            *known.runtime.prepare(known.facts, sources(hosts, name), rolling=True),
        ]
        for name, known in hosts.items()
    }
    done = {name: cluster_stack.finish(hosts, name) for name in hosts}
    return Rollout(cluster.spec, [*packages, *nodes], cluster.health_check(), ready, done)


def _replaced(cluster: DeployedCluster) -> dict[Node, list[Step]]:
    """The nodes that run another version than their host has, or will have, and how they restart; a
    resumed run skips those that it restarted already.
    """
    found = {}
    for node, view in cluster.view.present.items():
        known = cluster.hosts[node.host]
        if isinstance(known.runtime, Docker):
            continue
        to = upstream(known.facts.software.candidate)
        if _is_to_install(known) or (to is not None and to != view.version):
            found[node] = known.runtime.restart(node, f"Redis {view.version} -> {to}")
    return found


def _is_to_install(known: HostState) -> bool:
    software = known.facts.software
    return software.candidate is not None and software.candidate != software.redis


def _install(known: HostState) -> Iterator[Step]:
    software = known.facts.software
    if not isinstance(known.runtime, Docker) and _is_to_install(known):
        yield Run(f"upgrade redis-server {software.redis} -> {software.candidate}", _APT)


def _fetch(known: HostState) -> list[Step]:
    """The image, before anything refers to it; a tag doesn't always tell its version."""
    runtime, docker = known.runtime, known.facts.docker
    if not isinstance(runtime, Docker) or docker is None:
        return []
    image = runtime.stack.docker.image
    running = max((v.version for v in known.facts.nodes.values() if v), key=numbers, default="0")
    found = f"docker run --rm --entrypoint redis-server {image} --version"
    version = f"new=$({found} | sed -n 's/.* v=\\([0-9.]*\\).*/\\1/p')"
    newest = f"$(printf '%s\\n' \"$new\" {running} | sort -V | tail -1)"
    check = f'{version}; [ -n "$new" ] && [ "{newest}" = "$new" ]'
    pull = [] if image in docker.images else [PullImage(image)]
    gate = Gate(
        f"check that {image} is not older than Redis {running}, which is running",
        f"{image} is older than Redis {running}, which is running",
        check,
        0,
        diagnose=found,
    )
    return [*pull, gate]


def _older(known: HostState) -> Iterator[str]:
    """The nodes that run a newer version than apt's. With Docker, every deployment checks the image
    anyway.
    """
    candidate = known.facts.software.candidate
    to = numbers(upstream(candidate) or "")
    for node, view in known.facts.nodes.items():
        if not isinstance(known.runtime, Docker) and view and to < numbers(view.version)[: len(to)]:
            yield f"{node} runs {view.version}, and apt's redis-server {candidate} is older"
