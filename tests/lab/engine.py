"""The Docker engine of this machine."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
import docker.errors
from docker.models.containers import Container

from tests.servers import wait_until

from . import debian

RUN = "thoughtstream.lab"
OWNER = "thoughtstream.lab.process"
HOST = "thoughtstream.lab.host"
_PACKAGES = ("docker.io", "iptables")


def cache() -> Path:
    """Where the lab keeps what the next run can use again."""
    root = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(root) if root else Path.home() / ".cache") / "thoughtstream"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Other runs on this machine wait: for starting the engine and for building images."""
    with (cache() / "lab.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def engine() -> docker.DockerClient:
    """The engine: installed if it is missing, started if it doesn't answer.

    Raises:
        RuntimeError: it doesn't run and can't be set up: not root.
        TimeoutError: it doesn't start; the message names its log.
    """
    with one_at_a_time():
        if not _answers():
            _start()
    return docker.from_env(timeout=300)


def _answers() -> bool:
    try:
        client = docker.from_env(timeout=10)
    except docker.errors.DockerException:
        return False
    try:
        return bool(client.ping())
    finally:
        client.close()


def _start() -> None:
    if os.geteuid() != 0:
        raise RuntimeError("Docker doesn't answer; start it, or run as root to have it set up")
    debian.install(*_PACKAGES)
    if _answers():  # where systemd runs, the package has started it
        return
    log = cache() / "dockerd.log"
    with log.open("a") as file:
        subprocess.run(
            ["setsid", "--fork", "dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            check=True,
        )
    wait_until(_answers, f"dockerd answers (its log: {log})", most_s=60)


def owner() -> str:
    """Who makes things in this process: a label by which a later run knows that it is gone."""
    return f"{os.getpid()}:{_started(os.getpid())}"


def _gone(label: str) -> bool:
    pid, _, started = label.partition(":")
    return _started(int(pid)) != started


def _started(pid: int) -> str | None:
    """When a process started, in ticks since boot: not moved when the clock is set."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def containers(client: docker.DockerClient, label: str) -> list[Container]:
    """All containers with the label (`name` or `name=value`), running or not."""
    return client.containers.list(all=True, filters={"label": label}, ignore_removed=True)


def sweep(client: docker.DockerClient) -> None:
    """Removes the containers and networks of runs whose process is gone."""
    with one_at_a_time():
        for container in containers(client, OWNER):
            if _gone(container.labels[OWNER]):
                container.remove(force=True, v=True)
        for network in client.networks.list(filters={"label": OWNER}):
            if _gone(network.attrs["Labels"][OWNER]):
                network.remove()
