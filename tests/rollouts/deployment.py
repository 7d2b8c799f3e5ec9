"""A stack on a host of the lab: deployed and verified as an operator does it, and looked at."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from pprint import pformat
from typing import Any

from deploy.commands import RedisCli
from deploy.facts.machine import Machine
from deploy.layout import linux_docker, linux_native
from deploy.runtimes import runtime_of
from deploy.settings import stack
from tests.lab import control
from tests.lab.authority import Authority
from tests.lab.control import Done
from tests.lab.host import Host
from tests.servers import wait_until

from .belongings import belongings, packages, purge_new_packages


def inventory(folder: Path, settings: dict[str, Any], *hosts: Host) -> Path:
    """An inventory that says the same stack of each host."""
    path = folder / "inventory.py"
    entries = [host.pyinfra for host in hosts]
    path.write_text(
        "from deploy.settings import stack\n\n"
        f"wanted = {{'stack': stack(**{pformat(settings)})}}\n"
        f"hosts = [(name, data | wanted) for name, data in {pformat(entries)}]\n"
    )
    return path


def ssh_config(folder: Path, *hosts: Host) -> Path:
    """How to reach hosts by their names, as an operator's own SSH configuration says it."""
    path = folder / "ssh_config"
    path.write_text(
        "".join(
            f"Host {host.name}\n  HostName {host.ip}\n  User {host.user}\n"
            f"  IdentityFile {host.key}\n  UserKnownHostsFile {host.known_hosts}\n"
            "  StrictHostKeyChecking yes\n"
            for host in hosts
        )
    )
    return path


def tls(authority: Authority, host: Host) -> dict[str, Any]:
    """Settings of a server that other hosts reach, too; the authority vouches for the host."""
    authority.certify(host.name, host.ip)
    return {
        "redis": {"bind": ["127.0.0.1", host.ip]},
        "tls": {"ca": str(authority.ca), "certificates": str(authority.folder)},
    }


class Deployment:
    """One host, and whatever is deployed to it."""

    def __init__(self, host: Host, folder: Path, **settings: Any) -> None:
        self.host = host
        self.settings = settings
        self.said = ""
        self._folder = folder
        self._is_as_usual = False
        docker = settings["runtime"] == "docker"
        layout = linux_docker() if docker else linux_native()
        port = settings.get("redis", {}).get("port", 6379)
        self.cli = RedisCli(layout, port, container=docker).as_it_runs

    def but(self, **settings: Any) -> "Deployment":
        """The same host and inventory, with some other settings; None leaves one out."""
        wanted = {name: v for name, v in (self.settings | settings).items() if v is not None}
        return Deployment(self.host, self._folder, **wanted)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that a deployment looks after there."""
        machine = Machine("Linux", user="root", systemd=True)
        return runtime_of(stack(**self.settings), machine, self.host.name).watch().paths

    def inventory(self, *, web: Mapping[str, Any] | None = None, **redis: Any) -> Path:
        """The inventory of this host, with these settings of the web process and of Redis."""
        own = {"web": dict(web or {}), "redis": redis}
        given = {n: self.settings.get(n, {}) | settings for n, settings in own.items() if settings}
        return inventory(self._folder, self.settings | given, self.host)

    def deploy(
        self, *, dry: bool = False, check: bool = True, web: Mapping[str, Any] | None = None,
        **redis: Any,
    ) -> Done:  # fmt: skip
        """Deploys with these settings; keeps everything that was printed."""
        wanted = self.inventory(web=web, **redis)
        done = control.pyinfra(wanted, "deploy.stack", dry=dry, check=check)
        self.said += done.out + done.err
        self._is_as_usual = done.ok and not (dry or web or redis)
        return done

    def as_usual(self) -> None:
        """Makes the host what the inventory says, if that wasn't the last thing that was done."""
        if not self._is_as_usual:
            self.deploy()
        self._is_as_usual = False  # whoever asks for it will change it

    def redis(self, *arguments: str) -> str:
        """What Redis answers its admin, asked at the host's console."""
        return self.host.exec(self.cli(*arguments)).stdout.strip()

    def run_id(self) -> str:
        """Names one start of Redis: another start, another name."""
        info = dict(
            line.strip().split(":", 1)
            for line in self.redis("info", "server").splitlines()
            if ":" in line
        )
        return info["run_id"]

    def remember(self) -> None:
        """Looks at the host before anything is deployed."""
        self._packages, self._before = packages(self.host), belongings(self.host)

    def differs_from_before(self) -> dict[str, set[str]]:
        """What the host has now and had not, or the other way round, but for packages."""
        purge_new_packages(self.host, self._packages)
        now = belongings(self.host)
        return {kind: found for kind, had in self._before.items() if (found := had ^ now[kind])}

    def write(self, count: int) -> set[str]:
        """Writes keys whose value is their digest; returns those that Redis acknowledged."""
        names = [f"proof:{number}" for number in range(count)]
        commands = "\n".join(f"set {name} {digest(name)}" for name in names)
        answers = self.host.exec(f"echo '{commands}' | {self.cli()}").stdout.split()
        return {name for name, answer in zip(names, answers, strict=True) if answer == "OK"}

    def wrong(self, names: set[str]) -> list[str]:
        """The keys among these that are lost, or have another value."""
        ordered = sorted(names)
        values = self.redis("mget", *ordered).splitlines()
        pairs = zip(ordered, values, strict=True)
        return [name for name, value in pairs if value != digest(name)]

    def healthy(self) -> None:
        """Waits until Redis and the service are up."""
        wait_until(
            lambda: self.host.exec("thoughtstream status", check=False).returncode == 0,
            f"{self.host.name} is healthy",
            most_s=120,
            step_s=1,
        )

    def forget(self, names: set[str]) -> None:
        """Removes what `write` wrote: it is nothing that a mind knows."""
        self.redis("del", *names)

    def digest(self) -> str:
        """All that a deployment might change on the host, in one name."""
        files = "find /etc /opt /usr/local /usr/bin -xdev -type f -not -name '*.pyc'"
        return self.host.exec(f"{files} -exec sha256sum {{}} + | sort | sha256sum").stdout


def digest(name: str) -> str:
    """The value that a key of `Deployment.write` has."""
    return hashlib.sha256(name.encode()).hexdigest()
