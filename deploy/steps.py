"""The kinds of step a plan is made of. A step says what it does; `operations` does it.

A step's text is also its name in pyinfra's results, and by it steps of several hosts that do the
same run side by side. It holds no secret and no host's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from deploy.commands import RedisCli
from deploy.layout import Layout
from deploy.wheels import Release
from thoughtstream.acl import Role


@dataclass(frozen=True)
class Step:
    """One change of a host, or one gate that a host must pass (which changes nothing)."""

    changes: ClassVar[bool] = True


@dataclass(frozen=True)
class Install(Step):
    """Packages from apt; `masked` are their units, which must not start by themselves."""

    packages: tuple[str, ...]
    masked: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"install {', '.join(self.packages)}"


@dataclass(frozen=True)
class BrewInstall(Step):
    """Packages from Homebrew; `owner`: whose it is, if not whoever connects."""

    packages: tuple[str, ...]
    owner: str | None = None

    def __str__(self) -> str:
        return f"install {', '.join(self.packages)} (brew)"


@dataclass(frozen=True)
class BrewUpgrade(Step):
    """A newer version of a package from Homebrew; what runs keeps running. `owner`: as above."""

    package: str
    version: str
    owner: str | None = None

    def __str__(self) -> str:
        return f"upgrade {self.package} to {self.version} (brew)"


@dataclass(frozen=True)
class Mask(Step):
    """Keeps a unit from ever starting."""

    unit: str

    def __str__(self) -> str:
        return f"mask {self.unit}"


@dataclass(frozen=True)
class MakeUser(Step):
    """A system user with a group of its own and no shell."""

    user: str
    home: str

    def __str__(self) -> str:
        return f"create user {self.user}"


@dataclass(frozen=True)
class MakeDirectory(Step):
    path: str
    user: str | None
    group: str | None
    mode: int | None

    def __str__(self) -> str:
        return f"create directory {self.path}"


@dataclass(frozen=True)
class MakeSecret(Step):
    """A password, made on the host; it never leaves it."""

    role: Role
    path: str
    user: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"create the password of {self.role} in {self.path}"


@dataclass(frozen=True)
class CopySecret(Step):
    """A password that another host of the cluster has, or makes in this run: it goes through the
    memory of the machine that deploys, and is shown nowhere.
    """

    secret: MakeSecret
    source: str

    def __str__(self) -> str:
        return f"copy the password of {self.secret.role} from {self.source}"


@dataclass(frozen=True)
class OwnFile(Step):
    """Sets owner and mode of a file whose content stays."""

    path: str
    user: str
    group: str
    mode: int

    def __str__(self) -> str:
        return f"set owner and mode of {self.path}"


@dataclass(frozen=True)
class PutFile(Step):
    path: str
    text: str = field(repr=False)
    user: str | None = None
    group: str | None = None
    mode: int = 0o644

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True)
class PutSecretFile(PutFile):
    """A file whose content is shown nowhere, not with `--diff` either."""


@dataclass(frozen=True)
class PutMasterauth(Step):
    """What redis.conf includes, made on the host from the password of `replica`."""

    secret: str
    file: OwnFile

    def __str__(self) -> str:
        return f"write {self.file.path}"


@dataclass(frozen=True)
class PutAcl(Step):
    """The ACL file, from the digests of the passwords as they are when the step runs; `beside`:
    other passwords that are good for now, too, where there are any.
    """

    path: str
    secrets: tuple[tuple[Role, str], ...]
    user: str
    group: str
    mode: int
    beside: tuple[tuple[tuple[Role, str], ...], ...] = ()

    def __str__(self) -> str:
        return f"write {self.path}"


@dataclass(frozen=True)
class ApplySysctl(Step):
    """Loads a file of kernel settings."""

    path: str

    def __str__(self) -> str:
        return f"apply {self.path}"


@dataclass(frozen=True)
class InstallRelease(Step):
    """The service's wheels into a venv of their own, and the link to it."""

    release: Release
    layout: Layout
    python: str

    def __str__(self) -> str:
        return f"install the service, release {self.release.name}"


@dataclass(frozen=True)
class PullImage(Step):
    """`pinned`: just which image the tag of `image` means, as far as its registry said."""

    image: str
    pinned: str

    def __str__(self) -> str:
        untold = "" if "@" in self.pinned else " (no registry gave its digest)"
        return f"pull image {self.pinned}{untold}"


@dataclass(frozen=True)
class BuildImage(Step):
    """The service's image, on the host, from wheels."""

    release: Release
    layout: Layout
    tag: str
    dockerfile: str = field(repr=False)

    def __str__(self) -> str:
        return f"build image {self.tag}"


@dataclass(frozen=True)
class ApplyLive(Step):
    """CONFIG SET of directives, all or none; `directives` are (name, from, to)."""

    cli: RedisCli
    directives: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        what = ", ".join(f"{name} {old or '-'} -> {new}" for name, old, new in self.directives)
        return f"apply live, no restart{self.cli.at}: {what}"


@dataclass(frozen=True)
class ApplyMasterauth(Step):
    """CONFIG SET of the password that a replica shows its master."""

    cli: RedisCli
    secret: str

    def __str__(self) -> str:
        return f"apply live, no restart{self.cli.at}: masterauth"


@dataclass(frozen=True)
class LoadAcl(Step):
    """ACL LOAD: the users of the file, in the running server."""

    cli: RedisCli

    def __str__(self) -> str:
        return f"load the ACL, no restart{self.cli.at}"


@dataclass(frozen=True)
class RewriteLog(Step):
    """BGREWRITEAOF of a Redis that answers, until it is done: before it is restarted.

    After a full disk Redis goes on with a hole in its log, and doesn't start with that: it opens a
    log that it begins itself without O_APPEND, cuts off what it could only write half, and then
    writes where it was (seen with 7.0, 8.0 and 8.2). What it has in memory is whole.
    """

    changes = False
    cli: RedisCli

    def __str__(self) -> str:
        return f"rewrite Redis's append-only file{self.cli.at}"


@dataclass(frozen=True)
class RefuseWrites(Step):
    """Redis refuses writes until it is restarted, which must follow at once: whoever writes and can
    wait (`redis.patience_s`) writes again afterwards. A write that Redis takes while it ends may be
    one that it doesn't answer, and nobody would know whether to write it again.
    """

    changes = False
    cli: RedisCli

    def __str__(self) -> str:
        return f"let Redis refuse writes until it is back{self.cli.at}"


@dataclass(frozen=True)
class StartUnit(Step):
    """Starts (or restarts) a systemd unit and enables it; `own`: the user's own systemd does."""

    unit: str
    why: str
    restart: bool = False
    reload: bool = False
    own: bool = False

    def __str__(self) -> str:
        return f"{'restart' if self.restart else 'start'} {self.unit} ({self.why})"


@dataclass(frozen=True)
class StartDaemon(Step):
    """Loads a launchd job into a domain, or loads it anew."""

    domain: str
    label: str
    plist: str
    why: str
    restart: bool = False

    def __str__(self) -> str:
        return f"{'restart' if self.restart else 'start'} {self.label} ({self.why})"


@dataclass(frozen=True)
class ComposeUp(Step):
    """Makes one container as the compose file says it."""

    layout: Layout
    service: str
    why: str
    restart: bool = False

    def __str__(self) -> str:
        return f"{'restart' if self.restart else 'start'} container {self.service} ({self.why})"


@dataclass(frozen=True)
class Run(Step):
    """One command that has no operation of its own; `what` says what it does."""

    what: str
    command: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class Gate(Step):
    """Nothing is changed: polls a command until it succeeds, and ends the run if it never does.

    `failure` says what did not happen then ("Redis did not answer"), and `diagnose` prints what an
    operator wants to see; once `hopeless` succeeds, it ends at once.
    """

    changes = False
    what: str
    failure: str
    command: str
    timeout_s: int
    diagnose: str = "true"
    hopeless: str = "false"

    def __str__(self) -> str:
        return self.what


@dataclass(frozen=True)
class NoteStop(Step):
    """Redis is about to stop: the gap begins that `TellGap` tells."""

    changes = False

    def __str__(self) -> str:
        return "note when Redis stops"


@dataclass(frozen=True)
class TellGap(Step):
    """How long nobody served clients, at most."""

    changes = False

    def __str__(self) -> str:
        return "tell how long Redis was away"


@dataclass(frozen=True)
class Tell(Step):
    """What is where, and what to type next."""

    changes = False
    text: str

    def __str__(self) -> str:
        return "show where things are"
