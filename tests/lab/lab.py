"""The lab: one private network, one SSH key, and the hosts of a run."""

import ipaddress
import subprocess
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pprint import pformat
from typing import Any, Self

import docker.errors
from docker.models.networks import Network
from docker.types import IPAMConfig, IPAMPool, Mount

from . import debian, images
from .engine import HOST, OWNER, RUN, cache, containers, engine, owner, sweep
from .host import ARCHIVES, Host

_CAPABILITIES = (
    "SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "MKNOD", "SETFCAP", "AUDIT_WRITE",
    "IPC_LOCK", "SYS_NICE", "DAC_READ_SEARCH",
)  # fmt: skip
_NETWORKS = ipaddress.IPv4Network("10.77.0.0/16")


class Lab:
    """Makes hosts, and removes all of them when it closes. One a test run."""

    def __init__(self, folder: Path) -> None:
        debian.install("openssh-client")
        self._folder = folder
        self._client = engine()
        sweep(self._client)
        run = uuid.uuid4().hex[:8]
        self._name = f"lab-{run}"
        self._labels = {RUN: run, OWNER: owner()}
        self._hosts: list[Host] = []
        self._key = folder / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(self._key)],
            check=True,
        )
        self._network, self._subnet = self._make_network()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Removes what this lab made."""
        for container in containers(self._client, f"{RUN}={self._labels[RUN]}"):
            container.remove(force=True, v=True)
        self._network.remove()
        self._client.close()

    def host(
        self,
        name: str | None = None,
        *,
        suite: images.Suite = "trixie",
        memory: str | None = None,
        tmpfs: Mapping[str, str] | None = None,
    ) -> Host:
        """A new host, booted, SSH answering.

        Args:
            name: its host name; by default one that says the suite.
            suite: `trixie` (Debian 13: Redis 8.0, Docker 26.1, Python 3.13) or `bookworm`
                (Debian 12: Redis 7.0, Python 3.11).
            memory: the most that it may use, such as `512m`; by default no limit.
            tmpfs: small disks to fill up, such as `{"/var/lib/redis": "size=64m"}`.
        """
        host = self._make(name, suite, memory, dict(tmpfs or {}))
        host.booted()
        return host

    def hosts(self, *names: str, tmpfs: Mapping[str, str] | None = None) -> tuple[Host, ...]:
        """New Debian 13 hosts that boot at the same time, as `host` makes them."""
        made = [self._make(name, "trixie", None, dict(tmpfs or {})) for name in names]
        with ThreadPoolExecutor(len(made)) as pool:
            for booting in [pool.submit(host.booted) for host in made]:
                booting.result()
        return tuple(made)

    @staticmethod
    def remove(*hosts: Host) -> None:
        """Removes hosts at the same time, before the lab closes."""
        with ThreadPoolExecutor(len(hosts)) as pool:
            list(pool.map(Host.remove, hosts))

    def inventory(self, *hosts: Host, name: str = "inventory", **settings: Any) -> Path:
        """Writes an inventory as an operator would, and returns it.

        Args:
            hosts: which hosts it names, and how to reach them.
            name: of the file; the same name is the same inventory, edited.
            settings: what the hosts should be, as `deploy.settings.stack` takes it.
        """
        path = self._folder / f"{name}.py"
        entries = pformat([host.pyinfra for host in hosts])
        stack = f"stack(**{pformat(settings)})"
        path.write_text(
            f'from deploy.settings import stack\n\nhosts = ({entries}, {{"stack": {stack}}})\n'
        )
        return path

    def _make(
        self, name: str | None, suite: images.Suite, memory: str | None, tmpfs: dict[str, str]
    ) -> Host:
        name = name or f"{suite}-{len(self._hosts) + 1}"
        ip = str(self._subnet[2 + len(self._hosts)])
        archives = cache() / "images"
        archives.mkdir(exist_ok=True)
        container = self._client.containers.create(
            images.host_image(self._client, suite),
            name=f"{self._name}-{name}",
            hostname=name,
            labels=self._labels | {HOST: name},
            network=self._name,
            networking_config={
                self._name: self._client.api.create_endpoint_config(ipv4_address=ip)
            },
            cap_add=list(_CAPABILITIES),
            security_opt=["seccomp=unconfined", "apparmor=unconfined"],
            cgroupns="private",
            mem_limit=memory,
            tmpfs={"/run": "", "/run/lock": "", "/tmp": "exec", **tmpfs},
            mounts=[
                Mount("/var/lib/docker", None, type="volume"),
                Mount(ARCHIVES, str(archives), type="bind", read_only=True),
            ],
        )
        container.start()
        host = Host(self._client, container, self._network, ip, self._key)
        host.authorize(self._key.with_suffix(".pub").read_text().strip())
        self._hosts.append(host)
        return host

    def _make_network(self) -> tuple[Network, ipaddress.IPv4Network]:
        """A network on the first subnet that no other one has."""
        for subnet in _NETWORKS.subnets(new_prefix=24):
            pool = IPAMPool(subnet=str(subnet), gateway=str(subnet[1]))
            try:
                network = self._client.networks.create(
                    self._name, ipam=IPAMConfig(pool_configs=[pool]), labels=self._labels
                )
            except docker.errors.APIError as error:
                if "overlap" in str(error.explanation):
                    continue
                raise
            return network, subnet
        raise RuntimeError(f"no subnet of {_NETWORKS} is free")
