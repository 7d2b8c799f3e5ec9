"""What the facts of a host say of it. Pure."""

from collections.abc import Iterator

from deploy.facts.gather import Facts
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from deploy.runtimes.server_runtime import ServerRuntime
from deploy.status.host_status import Health

Registry = dict[str, str | None]
"""What the tags of images mean in their registries."""


def versions(runtime: ServerRuntime, facts: Facts) -> tuple[str, ...]:
    """What runs, each version once."""
    servers = (facts.of(server.spec.unit).redis for server in runtime.servers)
    return tuple(sorted({server.version for server in servers if server}))


def health(runtime: ServerRuntime, facts: Facts, *, serves: bool) -> tuple[Health, list[str]]:
    """How the host is, and why; `serves`: its service says that it is healthy."""
    if others := runtime.others(facts):
        return "unhealthy", others
    silent = [s for s in runtime.servers if facts.of(s.spec.unit).redis is None]
    if len(silent) == len(runtime.servers) and "admin" not in facts.secrets:
        return "not deployed", []
    lines = [f"Redis doesn't answer{server.cli.at}" for server in silent]
    if not serves:
        lines.append("the service is not healthy")
    return ("unhealthy" if lines else "healthy"), lines


def newer(runtime: ServerRuntime, facts: Facts, registry: Registry) -> Iterator[str]:
    """What an upgrade would bring: as the host's package lists say it, or its images' registry."""
    told = set()
    for server in runtime.servers:
        running = facts.of(server.spec.unit).redis
        if running:
            told.add(runtime.outdated(facts, running.version, server.spec.unit))
    yield from sorted(told - {""})
    here = facts.docker.digests if facts.docker else {}
    for image, digest in sorted(registry.items()):
        if digest and image in here and digest not in here[image]:
            yield f"{image}@{digest}, in its registry"


def images(runtime: ServerRuntime, facts: Facts) -> Iterator[str]:
    """What the images are that the host has, with their digests as far as they are known."""
    if isinstance(runtime, Docker) and facts.docker:
        there = [image for image in runtime.images.pulled if image in facts.docker.images]
        yield from map(facts.docker.pinned, there)


def not_asked(facts: Facts, registry: Registry) -> list[str]:
    """The images of which nobody could tell."""
    here = facts.docker.digests if facts.docker else {}
    return sorted(image for image, digest in registry.items() if not digest or image not in here)


def release(runtime: ServerRuntime, facts: Facts) -> str | None:
    """The service's release, as installed."""
    if isinstance(runtime, Native | DarwinNative):
        return facts.software.current
    images = facts.docker.images if facts.docker else ()
    return next((name for name in images if name.startswith("thoughtstream:")), None)
