"""The passwords of a host: which files hold them, who makes them, who gets a copy."""

from collections.abc import Iterator, Mapping

from deploy.cluster.barrier import Barrier
from deploy.facts.gather import Facts
from deploy.layout import CLUSTER_ROLES, ROLES, Layout
from deploy.runtimes.base import wrong_owner
from deploy.settings import Stack
from deploy.steps import CopySecret, MakeSecret, OwnFile, PutMasterauth, Step
from thoughtstream.acl import Role


class Secrets:
    """The passwords of one host, each in a file of its own."""

    def __init__(self, stack: Stack, layout: Layout) -> None:
        self.layout = layout
        self.in_cluster = stack.cluster is not None
        every = CLUSTER_ROLES if self.in_cluster else ROLES
        self.roles = tuple(role for role in every if role != "web" or stack.web.enabled)

    @property
    def files(self) -> dict[Role, str]:
        """The file of each role's password."""
        return {role: self.layout.secret(role) for role in self.roles}

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        own = [self.layout.masterauth] if self.in_cluster else []
        return [*self.files.values(), *self.coming.values(), *own]

    @property
    def coming(self) -> dict[Role, str]:
        """The file of the password that each role gets by a rotation; gone when it is done."""
        return {role: f"{path}.next" for role, path in self.files.items()}

    @property
    def going(self) -> dict[Role, str]:
        """The file of the password that each role had before a rotation; gone when it is done."""
        return {role: f"{path}.old" for role, path in self.files.items()}

    def preparation(self, facts: Facts, sources: Mapping[Role, str]) -> Iterator[Step]:
        """The steps to all passwords. `sources`: the host that each role's password is copied
        from; a role without one gets a password made here.
        """
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
        """The steps that create the passwords."""
        owner, mode = self.layout.owner, self.layout.redis_mode
        groups = {
            "admin": (owner.admin_group, 0o600),
            "service": (owner.service_group, 0o640),
            "web": (owner.web_group, 0o640),
            "monitor": (owner.redis_group, mode),
            "replica": (owner.admin_group, 0o600),
        }
        return [
            MakeSecret(role, path, owner.admin, *groups[role]) for role, path in self.files.items()
        ]


def _own(step: MakeSecret) -> OwnFile:
    return OwnFile(step.path, step.user, step.group, step.mode)
