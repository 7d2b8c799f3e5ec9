"""What every runtime with a Redis server of its own shares: its files, its users, its passwords,
and which differences a running server takes live.
"""

import re
from collections.abc import Iterator

from deploy.commands import RedisCli
from deploy.content import (
    RedisPlace,
    redis_conf,
    redis_directives,
    restart_only,
    users_acl,
)
from deploy.directives import Directive
from deploy.facts.gather import Facts
from deploy.facts.redis import RedisState
from deploy.layout import ROLES, Layout, Role
from deploy.quantities import parse_bytes
from deploy.runtimes.base import (
    File,
    changed,
    missing_directories,
    wrong_owner,
)
from deploy.runtimes.users import strange_users
from deploy.settings import Stack
from deploy.steps import (
    ApplyLive,
    LoadAcl,
    MakeDirectory,
    MakeSecret,
    OwnFile,
    PutAcl,
    Step,
)


class Server:
    """Redis on one host: where it is, how it is asked, what its files should hold."""

    def __init__(self, stack: Stack, layout: Layout, cli: RedisCli, place: RedisPlace) -> None:
        self.stack = stack
        self.layout = layout
        self.cli = cli
        self.place = place
        self.conf = File(
            layout.redis_conf, redis_conf(stack, place), *self._redis_owner, layout.redis_mode
        )
        self.restart_only = restart_only(stack, place)
        self.directives = redis_directives(stack, place)

    @property
    def _redis_owner(self) -> tuple[str, str]:
        return self.layout.owner.admin, self.layout.owner.redis_group

    @property
    def acl(self) -> PutAcl:
        """The step that writes the users."""
        secrets = tuple(self.secrets.items())
        return PutAcl(self.layout.acl, secrets, *self._redis_owner, self.layout.redis_mode)

    @property
    def secrets(self) -> dict[Role, str]:
        """The file of each role's password."""
        return {role: self.layout.secret(role) for role in ROLES}

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        directories = [directory.path for directory in self.directories]
        return [*directories, *self.secrets.values(), self.conf.path, self.acl.path]

    @property
    def directories(self) -> list[MakeDirectory]:
        """Who may enter what."""
        layout, owner = self.layout, self.layout.owner
        admin = (owner.admin, owner.admin_group)
        redis = (owner.admin, owner.redis_group, 0o755 if layout.redis_mode & 0o004 else 0o750)
        service = (owner.admin, owner.service_group, 0o750)
        if layout.closed:
            redis = (owner.redis, owner.redis_group, 0o700)
            service = (owner.service, owner.service_group, 0o700)
        return [
            MakeDirectory(layout.etc, *admin, layout.etc_mode),
            MakeDirectory(f"{layout.etc}/secrets", *admin, 0o700),
            MakeDirectory(layout.redis_etc, *redis),
            MakeDirectory(layout.service_etc, *service),
        ]

    def preparation(self, facts: Facts) -> Iterator[Step]:
        """Directories and passwords."""
        yield from missing_directories(self.directories, facts)
        for step in self._make_secrets():
            if step.role not in facts.secrets:
                yield step
            elif wrong_owner(own := _own(step), facts):
                yield own

    def _make_secrets(self) -> list[MakeSecret]:
        owner, mode = self.layout.owner, self.layout.redis_mode
        groups = {
            "admin": (owner.admin_group, 0o600),
            "service": (owner.service_group, 0o640),
            "monitor": (owner.redis_group, mode),
        }
        return [
            MakeSecret(role, path, owner.admin, *groups[role])
            for role, path in self.secrets.items()
        ]

    def configuration(self, facts: Facts, *, restart: bool) -> Iterator[Step]:
        """The configuration's files; with no restart to come, what is to change live."""
        running = None if restart else facts.redis
        if running and (changes := self.live_changes(running)):
            yield ApplyLive(self.cli, changes)
        yield from (file.step() for file in changed([self.conf], facts))
        write = self._acl_differs(facts)
        if write:
            yield self.acl
        if running and (write or strange_users(facts.secrets, running)):
            yield LoadAcl(self.cli)

    def live_changes(self, running: RedisState) -> tuple[tuple[str, str, str], ...]:
        """The directives that a running server is to take now: (name, from, to)."""
        return tuple(_differences([line for line in self.directives if line.live], running))

    def restart_reasons(self, running: RedisState | None) -> str:
        """The directives for which it must restart, as a person reads them."""
        if running is None:
            return ""
        lines = [*self.place.directives(), *self.directives]
        found = _differences([line for line in lines if not line.live], running)
        return ", ".join(f"{name} {old or '-'} -> {new}" for name, old, new in found)

    def _acl_differs(self, facts: Facts) -> bool:
        digests = {role: facts.secrets[role] for role in ROLES if role in facts.secrets}
        if len(digests) < len(ROLES):
            return True
        acl = self.acl
        return File(acl.path, users_acl(digests), acl.user, acl.group, acl.mode).differs(facts)


def same_value(name: str, one: str, other: str) -> bool:
    """Whether two spellings of a directive's value mean the same (`512mb`, `536870912`)."""
    return _canonical(name, one) == _canonical(name, other)


def _canonical(name: str, value: str) -> object:
    value = value.strip().strip('"')
    if name == "notify-keyspace-events":
        return frozenset(value)
    if re.fullmatch(r"\d+([kmgt]?b)?", value, re.IGNORECASE):
        return parse_bytes(value)
    return value


def _differences(lines: list[Directive], running: RedisState) -> Iterator[tuple[str, str, str]]:
    for line in lines:
        now = running.config.get(line.name)
        if now is not None and not same_value(line.name, now, line.value):
            yield line.name, now, line.value


def _own(step: MakeSecret) -> OwnFile:
    return OwnFile(step.path, step.user, step.group, step.mode)
