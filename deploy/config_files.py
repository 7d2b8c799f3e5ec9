"""The configuration files of a host: settings and paths in, text out. `redis.conf`, the users (ACL)
and the service's TOML.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.directives import Directive
from deploy.layout import CLUSTER_ROLES
from deploy.render import digest, render
from deploy.settings import ServiceSettings, Stack
from deploy.versions import Version
from thoughtstream.acl import Role, acl_rules


@dataclass(frozen=True)
class LocalDirectives:
    """The directives that the host decides, not the inventory: paths, supervision. `beside`: those
    of a cluster's node; `include`: a file with what nobody else may read; `logfile`: where its log
    goes, if not to its output.
    """

    dir: str
    aclfile: str
    supervised: str = "no"
    bind: str | None = None
    revision: str = ""
    beside: tuple[Directive, ...] = ()
    include: str | None = None
    logfile: str = ""

    def directives(self) -> tuple[Directive, ...]:
        values = {
            "dir": self.dir,
            "aclfile": self.aclfile,
            "supervised": self.supervised,
            "daemonize": "no",
            "dbfilename": "dump.rdb",
            "appenddirname": "appendonlydir",
            "logfile": f'"{self.logfile}"',
            "always-show-logo": "no",
        }
        if self.include:
            values["include"] = self.include
        return tuple(Directive(name, value, False, "local") for name, value in values.items())


def redis_directives(stack: Stack, local: LocalDirectives) -> tuple[Directive, ...]:
    """What the inventory sets, as this server is told it, whether or not its version knows it."""
    own = (
        Directive("bind", local.bind, False, "inside its container; published by compose")
        if line.name == "bind" and local.bind is not None
        else line
        for line in stack.redis.directives()
    )
    return (*own, *local.beside)


def redis_conf(stack: Stack, local: LocalDirectives, version: Version) -> str:
    """`redis.conf` for this version of Redis."""
    return render(
        "redis.conf",
        local=local.directives(),
        directives=[one for one in redis_directives(stack, local) if one.since <= version],
        title=title(local.revision) if local.revision else None,
    )


def title(revision: str) -> str:
    """How a server's process is called: by the state of configuration that it was started with.

    Redis overwrites its environment with its title, and tells its title to who asks.
    """
    return f"{{title}} {{listen-addr}} {revision}"


def users_acl(digests: Mapping[Role, str], *beside: Mapping[Role, str]) -> str:
    """The ACL file: `default` off, and a user a role; `digests` are the passwords' sha256, `beside`
    those of other passwords that are good for now, too.

    `default` may do everything, but nobody can be it: as this user Redis reads its log, and leaves
    out, without an error, each transaction that the user may not do, so all that Functions wrote.
    """
    roles = [role for role in CLUSTER_ROLES if role in digests]
    good = {r: dict.fromkeys(d[r] for d in (digests, *beside) if r in d) for r in roles}
    users = [{"name": r, "digests": list(good[r]), "rules": acl_rules(r)} for r in roles]
    revision = digest(render("users.acl", users=users, revision=""))
    return render("users.acl", users=users, revision=revision)


def service_toml(
    stack: Stack, *, home: str, url: str, password_file: str, ca_file: str | None = None,
    server_name: str | None = None,
) -> str:  # fmt: skip
    """The service's settings on a server; the web process is one of its own there."""
    sections = {
        "redis": _access("service", url, password_file, ca_file, server_name),
        **_service_sections(stack.service),
        "web": {"enabled": False},
    }
    return _server_toml(stack, home, sections)


def web_toml(
    stack: Stack, *, home: str, url: str, password_file: str, ca_file: str | None = None,
    server_name: str | None = None, web: Mapping[str, Any],
) -> str:  # fmt: skip
    """The same of the web process, which knows what the service does; `web`: its own section."""
    sections = {
        "redis": _access("web", url, password_file, ca_file, server_name),
        **_service_sections(stack.service, without="metrics"),
        "web": web,
    }
    return _server_toml(stack, home, sections)


def _access(
    role: Role, url: str, password_file: str, ca_file: str | None, server_name: str | None
) -> dict[str, str]:
    redis = {"url": url, "username": role, "password_file": password_file}
    trust = {"ca_file": ca_file, "server_name": server_name}
    return redis | {name: value for name, value in trust.items() if value is not None}


def _server_toml(stack: Stack, home: str, sections: Mapping[str, Any]) -> str:
    top = {"home": home, "log": stack.service.log}
    return render("thoughtstream.toml", notes=(), top=top, sections=sections)


def embedded_toml(stack: Stack, *, notes: Sequence[str]) -> str:
    """The settings of a mind in somebody's home; `notes` stand on top."""
    embedded = stack.embedded.model_dump(mode="json", exclude_none=True)
    sections = {"embedded": embedded, **_service_sections(stack.service)}
    return render("thoughtstream.toml", notes=notes, top={}, sections=sections)


def _service_sections(service: ServiceSettings, *, without: str = "") -> dict[str, Any]:
    """The sections that the service has under the same names."""
    names = {"streams", "memory", "budgets", "metrics"} - {without}
    return service.model_dump(mode="json", exclude_none=True, include=names)
