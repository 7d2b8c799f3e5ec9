"""A host of the lab."""

import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import testinfra.host
from docker import DockerClient
from docker.models.containers import Container
from docker.models.networks import Network

from tests.hosts.target import Target
from tests.servers import wait_until

from . import images
from .engine import HOST

USER = "admin"
ARCHIVES = "/var/cache/lab"
_BOOT_SECONDS = 60
_FILLER = ".filler"
_END = "\nended with "
_RUNS = 3
_Streams = tuple[bytes | None, bytes | None]


class Host:
    """A machine of its own: systemd, sshd, a user `admin` who may sudo, an address that stays.

    As a context manager it is removed at the end; else the lab removes it when it closes.
    """

    def __init__(
        self, client: DockerClient, container: Container, network: Network, ip: str, key: Path
    ) -> None:
        self.name: str = container.labels[HOST]
        self.ip = ip
        self.user = USER
        self.key = key
        self.known_hosts = key.parent / f"{self.name}.known_hosts"
        self._client = client
        self._container = container
        self._network = network

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    @property
    def pyinfra(self) -> tuple[str, dict[str, Any]]:
        """Its entry in a pyinfra inventory: a name, and how to reach it."""
        data: dict[str, Any] = {
            "ssh_hostname": self.ip,
            "ssh_user": self.user,
            "ssh_key": str(self.key),
            "ssh_known_hosts_file": str(self.known_hosts),
            "ssh_strict_host_key_checking": "yes",
            "address": self.ip,
            "_sudo": True,
        }
        return self.name, data

    def testinfra(self) -> testinfra.host.Host:
        """testinfra's view of it, over SSH, as root."""
        return Target(*self.pyinfra).testinfra()

    def exec(self, command: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a shell command as root at the console: works without network and SSH.

        Raises:
            RuntimeError: it failed, and `check` is set; the message has what it printed.
        """
        lost = subprocess.CompletedProcess(command, 1, "", "the engine lost what it printed")
        runs = (self._run(command) for _ in range(_RUNS))
        done = next((run for run in runs if run is not None), lost)
        if check and done.returncode:
            raise RuntimeError(
                f"{self.name}: {command!r}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def _run(self, command: str) -> "subprocess.CompletedProcess[str] | None":
        """None: the engine has lost what was printed, as it sometimes does with a command that is
        quick (moby issue 27289); only by its last line can that be told from nothing printed.
        """
        script = f"(\n{command}\n)\nprintf %s '{_END}'$?"
        ran = self._container.exec_run(["sh", "-c", script], demux=True)
        out, err = ((part or b"").decode() for part in cast(_Streams, ran.output))
        printed, end, status = out.rpartition(_END)
        if end:
            return subprocess.CompletedProcess(command, int(status), printed, err)
        if ran.exit_code:  # the shell itself was killed
            return subprocess.CompletedProcess(command, ran.exit_code, out, err)
        return None

    def authorize(self, public_key: str) -> None:
        """Lets the key's owner in as the user."""
        path = f"/home/{self.user}/.ssh/authorized_keys"
        self.exec(f"install -m 0600 -o {self.user} /dev/null {path}")
        self.exec(f"echo '{public_key}' >{path}")

    def load_image(self, name: images.ContainerImage, tag: str) -> None:
        """Brings a container image to the host's own Docker, under the name that it has there."""
        archive = images.container_archive(self._client, name)
        self.exec(f"docker load --quiet --input {ARCHIVES}/{archive.name}")
        self.exec(f"docker tag {images.container_reference(name)} {tag}")

    def start(self) -> None:
        """Switches it on, and waits until it has booted and SSH answers."""
        self._container.start()
        self.booted()

    def booted(self) -> None:
        """Waits until systemd is `running` and SSH answers.

        Raises:
            RuntimeError: a unit failed; TimeoutError: it doesn't come up.
        """
        wait_until(self._up, f"{self.name} boots", most_s=_BOOT_SECONDS)
        state = self.exec("systemctl is-system-running --wait", check=False).stdout.strip()
        if state != "running":
            failed = self.exec("systemctl --failed --no-legend; journalctl -b -p warning").stdout
            raise RuntimeError(f"{self.name} is {state}:\n{failed}")
        wait_until(self._ssh_answers, f"SSH answers on {self.name}", most_s=_BOOT_SECONDS)

    def _up(self) -> bool:
        return self.exec("systemctl is-system-running", check=False).stdout.strip() in (
            "running",
            "degraded",
            "starting",
            "initializing",
        )

    def _ssh_answers(self) -> bool:
        public = self.exec("cat /etc/ssh/ssh_host_ed25519_key.pub", check=False).stdout
        self.known_hosts.write_text(f"{self.ip} {public}")
        return self.ssh("true").returncode == 0

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command over SSH as the user; 255 where the host can't be reached."""
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": "5",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.known_hosts),
            "IdentitiesOnly": "yes",
        }
        line = ["ssh", "-F", "none", "-i", str(self.key)]
        line += [f"-o{option}={value}" for option, value in options.items()]
        line += [f"{self.user}@{self.ip}", command]
        return subprocess.run(
            line, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def reboot(self) -> None:
        """An orderly reboot: every unit stops, then it boots again; disks and address stay."""
        self._container.restart(timeout=90)
        self.booted()

    def kill(self) -> None:
        """Pulls the plug: nothing is stopped, nothing flushed. `start` boots it again."""
        self._container.kill("SIGKILL")
        self._container.wait()

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        self._container.reload()
        return bool(self._container.status == "running")

    def disconnect(self) -> None:
        """Cuts it off the network; what runs on it runs on."""
        self._network.disconnect(self._container)

    def connect(self) -> None:
        """Back on the network, under the same address."""
        self._network.connect(self._container, ipv4_address=self.ip)

    def fill(self, folder: str) -> None:
        """Leaves no room on the disk of a folder, which must be a small one; `free` gives it back.

        Raises:
            ValueError: the folder is on the machine's own disk.
        """
        if not self.is_small(folder):
            raise ValueError(f"{folder}: is no small disk of its own")
        self.exec(f"cat /dev/zero >{folder}/{_FILLER}", check=False)

    def is_small(self, folder: str) -> bool:
        """Whether a folder is on a small disk of its own."""
        return self.exec(f"stat --file-system --format=%T {folder}").stdout == "tmpfs\n"

    def free(self, folder: str) -> None:
        """Takes back what `fill` did."""
        self.exec(f"rm -f {folder}/{_FILLER}")

    def remove(self) -> None:
        """Gone, with its disks."""
        self._container.remove(force=True, v=True)
