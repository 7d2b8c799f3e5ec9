"""A host of a pyinfra inventory, as tests see it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import testinfra
import testinfra.host

_SSH_OPTIONS = {
    "ssh_known_hosts_file": "UserKnownHostsFile",
    "ssh_strict_host_key_checking": "StrictHostKeyChecking",
}


@dataclass(frozen=True)
class Target:
    """One host: its `name` in the inventory, and its `data` (host over group over all), as JSON."""

    name: str
    data: dict[str, Any]

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        return self.name == "@local"

    @property
    def address(self) -> str:
        """Its name or address on the network."""
        return str(self.data.get("ssh_hostname") or self.name.removeprefix("@ssh/"))

    def testinfra(self, *, control: Path | None = None) -> testinfra.host.Host:
        """testinfra's view of the host, reached the way that pyinfra reaches it.

        With `control` (a short folder), calls share one SSH connection.

        Raises:
            ValueError: the inventory reaches the host in a way that testinfra can't.
        """
        sudo = bool(self.data.get("_sudo"))
        if self.local:
            return testinfra.get_host("local://", sudo=sudo)
        if self.name.startswith("@") and not self.name.startswith("@ssh/"):
            raise ValueError(f"{self.name}: only SSH hosts and @local can be verified")
        return testinfra.get_host(
            f"ssh://{self._login}",
            sudo=sudo,
            ssh_config=self.data.get("ssh_config_file"),
            ssh_identity_file=self.data.get("ssh_key"),
            ssh_extra_args=self._options(control),
        )

    @property
    def _login(self) -> str:
        user, port = self.data.get("ssh_user"), self.data.get("ssh_port")
        return (f"{user}@" if user else "") + self.address + (f":{port}" if port else "")

    def _options(self, control: Path | None) -> str:
        options = {"BatchMode": "yes"}
        for key, option in _SSH_OPTIONS.items():
            if key in self.data:
                options[option] = str(self.data[key])
        if control is None:
            options["ControlMaster"] = "no"
        else:
            options |= {
                "ControlMaster": "auto",
                "ControlPath": str(control / "%C"),
                "ControlPersist": "20",
            }
        return " ".join(f"-o {option}={value}" for option, value in options.items())


def read(inventory: str | Path) -> list[Target]:
    """The hosts of an inventory, in the order of the file.

    pyinfra itself reads it, in a process of its own: it patches the standard library.

    Raises:
        ValueError: there is no such file, no host in it, or pyinfra refuses it.
    """
    path = Path(inventory)
    if not path.is_file():
        raise ValueError(f"--inventory: there is no file {path}")
    command = [sys.executable, "-m", "pyinfra", "--json", str(path), "debug-inventory"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"--inventory: pyinfra can't read {path}:\n{done.stderr}")
    targets = [Target(host["name"], host["data"]) for host in json.loads(done.stdout)]
    if not targets:
        raise ValueError(f"--inventory: {path} names no hosts")
    return targets
