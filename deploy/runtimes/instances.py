"""One Redis that runs on a host, and how commands on that host reach it, its files and another
server on them: directly, or through a container that shares its volume. Pure: shell commands out,
no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import join, quote

from deploy.commands import RedisCli, start_daemon, start_unit
from deploy.layout import LAUNCH_DAEMONS

SOCKET = "scratch.sock"
"""Of a scratch server, in its folder."""


@dataclass(frozen=True)
class Instance:
    """Under systemd. `unit` is its unit or container, `clients` those of what serves minds from it,
    the service first, `owner` its files' user, `name` what a backup calls it, `address` where it
    is reached on its host.
    """

    unit: str
    cli: RedisCli
    data: str
    owner: str
    clients: tuple[str, ...]
    name: str
    address: str

    def inside(self, script: str) -> str:
        """A shell script as root where `data` is a path."""
        return f"sh -c {quote(script)}"

    def scratch(self, folder: str) -> Mapping[str, str]:
        """Shell commands for a second server, on a copy of the data: start, alive, ready, stop."""
        where = quote(f"{folder}/{SOCKET}")
        return {
            "start": f"redis-server {_scratch(folder)} </dev/null >/dev/null 2>&1 & scratch=$!",
            "alive": "kill -0 $scratch 2>/dev/null",
            "ready": f"redis-cli -s {where} -e ping 2>/dev/null | grep -q PONG",
            "stop": "{ kill -9 $scratch; wait $scratch; } 2>/dev/null || true",
        }

    def python(self, source: str, *arguments: str, server: bool = False) -> str:
        """A program in the service's Python; with `server` it reaches the server, whose admin's
        password it has, and else a scratch server at most.
        """
        program = f"{self.cli.layout.current}/bin/python"
        return f"{self._password} {join([program, '-c', source, *arguments])}"

    def endpoint(self) -> list[str]:
        """Where the server is, as options of such a program."""
        ca = ["--ca", self.cli.tls] if self.cli.tls else []
        return ["--address", self.address, "--port", str(self.cli.port), *ca]

    @property
    def _password(self) -> str:
        return f'REDISCLI_AUTH="$(cat {quote(self.cli.layout.secret("admin"))})"'

    def stop(self, unit: str) -> str:
        """Stops a unit; it stays stopped until somebody starts it."""
        return f"systemctl stop {unit}"

    def start(self, unit: str) -> str:
        """Starts a unit that `stop` stopped."""
        return start_unit(unit, restart=False)


@dataclass(frozen=True)
class LaunchdInstance(Instance):
    """On a Mac."""

    def stop(self, unit: str) -> str:
        return f"launchctl bootout system/{unit}"

    def start(self, unit: str) -> str:
        return start_daemon("system", unit, f"{LAUNCH_DAEMONS}/{unit}.plist")


@dataclass(frozen=True)
class ContainerInstance(Instance):
    """In a container: its volume is reached through other containers of the same image."""

    network: str

    def inside(self, script: str) -> str:
        image = _image_of(self.unit)
        run = self._run("none", "--user", "0", "--entrypoint", "sh")
        return f"{run} {image} -c {quote(script)}"

    def scratch(self, folder: str) -> Mapping[str, str]:
        name = f"{self.unit}-scratch"
        # The image's own entrypoint stays: it loads the modules that the data may need.
        run = join(["docker", "run", "--detach", "--name", name, "--network", "none",
                    "--volumes-from", self.unit])  # fmt: skip
        ping = join(["docker", "exec", name, "redis-cli", "-s", f"{folder}/{SOCKET}", "-e"])
        remove = f"docker rm --force {name} >/dev/null 2>&1 || true"
        server = f"redis-server {_scratch(folder)} --unixsocketperm 777"
        return {
            "start": f"{remove}; {run} {_image_of(self.unit)} {server} >/dev/null",
            "alive": "[ \"$(docker container inspect --format '{{.State.Running}}' "
            f'{name})" = true ]',
            "ready": f"{ping} ping 2>/dev/null | grep -q PONG",
            "stop": remove,
        }

    def python(self, source: str, *arguments: str, server: bool = False) -> str:
        network = self.network if server else "none"
        run = self._run(network, "--env", "REDISCLI_AUTH", "--user", "0", "--entrypoint", "python")
        inner = join(["-c", source, *arguments])
        return f"{self._password} {run} {_image_of(self.clients[0])} {inner}"

    def _run(self, network: str, *options: str) -> str:
        return join(["docker", "run", "--rm", "--interactive", "--network", network,
                     "--volumes-from", self.unit, *options])  # fmt: skip

    def stop(self, unit: str) -> str:
        return f"docker stop --time 60 {unit} >/dev/null"

    def start(self, unit: str) -> str:
        return f"docker start {unit} >/dev/null"


def _image_of(container: str) -> str:
    """The very image that a container was made from, whatever its tag means by now."""
    return f"\"$(docker container inspect --format '{{{{.Image}}}}' {container})\""


def _scratch(folder: str) -> str:
    """The arguments of a server that only we reach, and that keeps its files as they are. Like all
    of ours it has one database: what is in others could not be loaded afterwards, either.
    """
    settings = {
        "port": "0",
        "unixsocket": f"{folder}/{SOCKET}",
        "dir": folder,
        "logfile": f"{folder}/scratch.log",
        "appendonly": "yes",
        "aof-load-truncated": "no",
        "auto-aof-rewrite-percentage": "0",
        "maxmemory": "0",
        "databases": "1",
    }
    return join([part for name, value in settings.items() for part in (f"--{name}", value)]) + (
        " --save ''"
    )
