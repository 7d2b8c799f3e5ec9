"""What the servers and the service of a host share: who may enter which directory, passwords,
certificates.
"""

from collections.abc import Iterator, Mapping

from deploy.cluster.barrier import Barrier
from deploy.facts.gather import Facts
from deploy.layout import CLUSTER_ROLES, ROLES, Layout, Role
from deploy.runtimes.base import missing_directories, redis_directory, wrong_owner
from deploy.runtimes.certificates import HostTls
from deploy.settings import Stack
from deploy.steps import CopySecret, MakeDirectory, MakeSecret, OwnFile, PutMasterauth, Step


class Secrets:
    """The passwords of one host, each in a file of its own."""

    def __init__(self, stack: Stack, layout: Layout, tls: HostTls | None = None) -> None:
        self.layout = layout
        self.tls = tls
        self.in_cluster = stack.cluster is not None
        self.roles = CLUSTER_ROLES if self.in_cluster else ROLES

    @property
    def files(self) -> dict[Role, str]:
        """The file of each role's password."""
        return {role: self.layout.secret(role) for role in self.roles}

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        directories = [directory.path for directory in self.directories]
        own = [self.layout.masterauth, *self.coming.values()] if self.in_cluster else []
        return [*directories, *self.files.values(), *own, *(self.tls.paths if self.tls else [])]

    @property
    def coming(self) -> dict[Role, str]:
        """The file of the password that each role gets by a rotation; gone when it is done."""
        return {role: f"{path}.next" for role, path in self.files.items()}

    @property
    def going(self) -> dict[Role, str]:
        """The file of the password that each role had before a rotation; gone when it is done."""
        return {role: f"{path}.old" for role, path in self.files.items()}

    @property
    def directories(self) -> list[MakeDirectory]:
        """Who may enter what."""
        layout, owner = self.layout, self.layout.owner
        admin = (owner.admin, owner.admin_group)
        service = (owner.admin, owner.service_group, 0o750)
        if layout.closed:
            service = (owner.service, owner.service_group, 0o700)
        return [
            MakeDirectory(layout.etc, *admin, layout.etc_mode),
            MakeDirectory(f"{layout.etc}/secrets", *admin, 0o700),
            redis_directory(layout, layout.redis_shared),
            MakeDirectory(layout.service_etc, *service),
        ]

    def preparation(self, facts: Facts, sources: Mapping[Role, str]) -> Iterator[Step]:
        """Directories, passwords, certificates. `sources`: the hosts that others copy a password
        from; a host that is nobody's copy makes its own.
        """
        yield from missing_directories(self.directories, facts)
        for step in self.make:
            missing = step.role not in facts.secrets
            if missing and step.role not in sources:
                yield step
            elif not missing and wrong_owner(own := _own(step), facts):
                yield own
        if self.in_cluster:
            yield Barrier("the passwords are made")
            for step in self.make:
                if step.role not in facts.secrets and step.role in sources:
                    yield CopySecret(step, sources[step.role])
            yield from self._masterauth(facts)
        if self.tls:
            yield from self.tls.preparation(facts)

    def _masterauth(self, facts: Facts) -> Iterator[Step]:
        own = self.masterauth.file
        if "replica" not in facts.secrets or facts.masterauth != facts.secrets["replica"]:
            yield self.masterauth
        elif wrong_owner(own, facts):
            yield own

    @property
    def masterauth(self) -> PutMasterauth:
        """What redis.conf includes."""
        layout, owner = self.layout, self.layout.owner
        own = OwnFile(layout.masterauth, owner.admin, owner.redis_group, layout.redis_mode)
        return PutMasterauth(layout.secret("replica"), own)

    @property
    def make(self) -> list[MakeSecret]:
        """The steps that make the passwords."""
        owner, mode = self.layout.owner, self.layout.redis_mode
        groups = {
            "admin": (owner.admin_group, 0o600),
            "service": (owner.service_group, 0o640),
            "monitor": (owner.redis_group, mode),
            "replica": (owner.admin_group, 0o600),
        }
        return [
            MakeSecret(role, path, owner.admin, *groups[role]) for role, path in self.files.items()
        ]


def _own(step: MakeSecret) -> OwnFile:
    return OwnFile(step.path, step.user, step.group, step.mode)
