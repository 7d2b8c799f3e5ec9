"""The compose file of a host: a block for each container, each with the revision of what it can't
take on while it runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploy.facts.docker import DockerState
from deploy.facts.gather import Facts
from deploy.layout import Layout
from deploy.render import digest, render
from deploy.runtimes.base import File
from deploy.runtimes.server import Server, in_url
from deploy.settings import Stack
from thoughtstream.directives import MEMORY_SHARE

SHARED = "/etc/thoughtstream-shared"
"""What all nodes of a cluster's host read, inside each one's container."""
_MIB = 1 << 20
_NOFILE = 65_535


@dataclass(frozen=True)
class Compose:
    """`servers`: each Redis by the name of its compose service; `containers`: each service's
    container; `read`: what a service reads at its start, beside its block; `image`: the service's;
    `web_check`: what succeeds in the web process's container if it answers.
    """

    stack: Stack
    layout: Layout
    servers: Mapping[str, Server]
    containers: Mapping[str, str]
    read: Mapping[str, str]
    image: str
    web_check: Sequence[str]

    @property
    def _clustered(self) -> bool:
        return self.stack.cluster is not None

    def file(self, facts: Facts) -> tuple[File, dict[str, str]]:
        """The compose file, and each service's revision."""
        blocks, revisions = {}, {}
        for name in self.containers:
            revisions[name] = digest(self._block(name, facts, revision=""), self.read[name])
            blocks[name] = self._block(name, facts, revision=revisions[name])
        volumes = [n for n in self.containers if not (self._clustered and n in self.servers)]
        text = render("compose.yaml", blocks=blocks, volumes=volumes)
        owner = self.layout.owner
        return File(self.layout.compose, text, owner.admin, owner.admin_group, 0o600), revisions

    def _block(self, service: str, facts: Facts, *, revision: str) -> str:
        server = self.servers.get(service)
        docker = facts.docker or DockerState()
        # Another digest of the same tag makes no container anew: that is what an upgrade is for.
        image = docker.pinned if revision else str
        return render(
            f"compose/{'redis' if server else service}.yaml",
            docker=self.stack.docker,
            redis_image=image(self.stack.docker.image),
            insight_image=image(self.stack.docker.insight_image),
            service=service,
            servers=list(self.servers),
            node=server.spec.node if server else None,
            clustered=self._clustered,
            port=server.spec.port if server else None,
            tls=self.stack.tls is not None,
            shared=SHARED,
            addresses=self._addresses,
            layout=server.layout if server else self.layout,
            memory_limit=self.memory_limit(facts),
            nofile=nofile_of(facts),
            selinux=facts.docker is not None and facts.docker.selinux,
            service_image=self.image,
            container=self.containers[service],
            revision=revision,
            web_address=in_url(str(self.stack.web.bind)),
            web_port=self.stack.web.port,
            web_check=["CMD", *self.web_check],
            start_timeout_s=self.stack.service.start_timeout_s,
        )

    @property
    def _addresses(self) -> list[str]:
        """Where ports are published. Docker fails on the ::1 of a host without IPv6: not there."""
        bound = self.stack.redis.bind
        return [in_url(str(a)) for a in bound if not (a.version == 6 and a.is_loopback)]

    def memory_limit(self, facts: Facts) -> int:
        """Bytes of one Redis. Where the inventory leaves it open, it stays the same for most values
        of maxmemory, so that these can change without a new container.
        """
        if self.stack.docker.memory_limit is not None:
            return self.stack.docker.memory_limit
        least = int(self.stack.redis.maxmemory / MEMORY_SHARE)
        limit = max(least, (memory_of(facts) or 0) * 3 // 4 // len(self.servers))
        return -(-limit // _MIB) * _MIB


def memory_of(facts: Facts) -> int | None:
    """What containers can have: the engine's, or this host's limit if that is less."""
    amounts = [facts.docker.memory if facts.docker else None, facts.machine.memory]
    return min((amount for amount in amounts if amount), default=None)


def nofile_of(facts: Facts) -> int:
    """Files that a container may open: an engine can't allow more than it has."""
    given = facts.docker.nofile if facts.docker else None
    return min(_NOFILE, given or _NOFILE)
