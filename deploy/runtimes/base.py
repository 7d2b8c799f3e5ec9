"""What all runtimes share: the shape of one, and the comparison of files."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from deploy.facts.files import PathState
from deploy.facts.gather import Facts, Watch
from deploy.layout import Layout
from deploy.render import render
from deploy.runtimes.instances import Instance
from deploy.steps import MakeDirectory, OwnFile, PutFile, Step
from thoughtstream.acl import Role

HOPELESS = 5
"""What has just been started and ended so often won't come up."""


class Runtime(Protocol):
    """How a stack is put on one kind of host."""

    @property
    def command(self) -> str:
        """Thoughtstream's command line on the host."""

    def watch(self) -> Watch:
        """The facts that it needs."""

    def problems(self, facts: Facts) -> Iterator[str]:
        """Why it can't be put there, each with its cure. Empty: it can."""

    def cautions(self, facts: Facts) -> Iterator[str]:
        """What an operator should know before anything is changed; nothing is refused for it."""
        yield from ()

    def prepare(
        self, facts: Facts, sources: Mapping[Role, str], *, rolling: bool = False
    ) -> list[Step]:
        """What the service needs, Redis among it. `sources`: the hosts that have the passwords of
        a cluster; `rolling`: a server that must restart is left to the rolling restart.
        """

    def finish(self, facts: Facts) -> list[Step]:
        """The service, once all that it needs is there."""

    def instances(self) -> list[Instance]:
        """Every Redis of the host that can be backed up and restored to."""

    def plan(self, facts: Facts) -> list[Step]:
        """What is to be done, in order; a host that is as it should be gets gates only."""
        return [*self.prepare(facts, {}), *self.finish(facts)]


@dataclass(frozen=True)
class File:
    """A file as it should be; `user` None: whoever the deployment connects as."""

    path: str
    text: str
    user: str | None = None
    group: str | None = None
    mode: int = 0o644

    def differs(self, facts: Facts) -> bool:
        """Whether the host has it not, or another, or somebody else's."""
        found = facts.paths.get(self.path)
        if found is None or found.sha256 != sha256(self.text.encode()).hexdigest():
            return True
        return not _owned(found, self.user, self.group, self.mode)

    def step(self) -> PutFile:
        """The step that makes it."""
        return PutFile(self.path, self.text, self.user, self.group, self.mode)


def changed(files: Iterable[File], facts: Facts) -> list[File]:
    """The files that are to be written."""
    return [file for file in files if file.differs(facts)]


def missing_directories(
    directories: Iterable[MakeDirectory], facts: Facts
) -> Iterator[MakeDirectory]:
    """The directories that are to be made, or given to their owner."""
    for directory in directories:
        found = facts.paths.get(directory.path)
        if found is None or not _owned(found, directory.user, directory.group, directory.mode):
            yield directory


def redis_directory(layout: Layout, path: str) -> MakeDirectory:
    """A directory that Redis reads."""
    owner = layout.owner
    if layout.closed:
        return MakeDirectory(path, owner.redis, owner.redis_group, 0o700)
    mode = 0o755 if layout.redis_mode & 0o004 else 0o750
    return MakeDirectory(path, owner.admin, owner.redis_group, mode)


def shared_directories(layout: Layout, *, web: bool) -> list[MakeDirectory]:
    """The configuration directories of a host's servers, its service and its web process."""
    owner = layout.owner
    admin = (owner.admin, owner.admin_group)
    service = (owner.admin, owner.service_group, 0o750)
    webs = (owner.admin, owner.web_group, 0o750)
    if layout.closed:
        service = (owner.service, owner.service_group, 0o700)
        webs = (owner.web, owner.web_group, 0o700)
    return [
        MakeDirectory(layout.etc, *admin, layout.etc_mode),
        MakeDirectory(f"{layout.etc}/secrets", *admin, 0o700),
        redis_directory(layout, layout.redis_shared),
        MakeDirectory(layout.service_etc, *service),
        *([MakeDirectory(layout.web_etc, *webs)] if web else []),
    ]


def wrong_owner(step: OwnFile, facts: Facts) -> bool:
    """Whether a file is there with another owner or mode."""
    found = facts.paths.get(step.path)
    return found is not None and not _owned(found, step.user, step.group, step.mode)


def supervised(*command: str) -> list[str]:
    """A command as launchd is to run it, so that a wrong configuration ends it for good."""
    return ["/bin/sh", "-c", render("launchd/supervise.sh"), "sh", *command]


def _owned(found: PathState, user: str | None, group: str | None, mode: int | None) -> bool:
    return (
        (user is None or user in found.user)
        and (group is None or group in found.group)
        and (mode is None or found.mode == mode)
    )
