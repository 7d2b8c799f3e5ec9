"""Where the data of one Redis are, and how commands on its host reach them: directly, or through a
container that shares its volume. Pure: shell commands out, no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote

from deploy.commands import RedisCli, start_daemon, start_unit
from deploy.layout import LAUNCH_DAEMONS, SERVICE_UNIT
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.native import Native
from deploy.runtimes.server import Server

_KEYSPACE = Path(__file__).with_name("keyspace.py")
SCRATCH = "scratch.sock"


@dataclass(frozen=True)
class Place:
    """One Redis on one host. `unit` is its unit or container, `service` the service's, `owner` its
    files' user, `node` how a backup calls it.
    """

    unit: str
    cli: RedisCli
    data: str
    owner: str
    service: str
    node: str
    address: str

    def inside(self, script: str) -> str:
        """A shell script as root where `data` is a path."""
        return f"sh -c {quote(script)}"

    def scratch(self, folder: str) -> Mapping[str, str]:
        """Shell commands for a server of its own on `folder`: start, alive, ready, stop."""
        where = quote(f"{folder}/{SCRATCH}")
        return {
            "start": f"redis-server {_scratch(folder)} </dev/null >/dev/null 2>&1 & scratch=$!",
            "alive": "kill -0 $scratch 2>/dev/null",
            "ready": f"redis-cli -s {where} -e ping 2>/dev/null | grep -q PONG",
            "stop": "{ kill -9 $scratch; wait $scratch; } 2>/dev/null || true",
        }

    def program(self, *arguments: str, server: bool = False) -> str:
        """Our program `keyspace`, in the service's Python; with `server` it asks the server, as
        admin, and else a scratch server.
        """
        python = f"{self.cli.layout.current}/bin/python"
        return f"{self._password} {join([python, '-c', _KEYSPACE.read_text(), *arguments])}"

    def server(self) -> list[str]:
        """How our program finds the server, as arguments."""
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
class Mac(Place):
    """A Mac's, under launchd."""

    def stop(self, unit: str) -> str:
        return f"launchctl bootout system/{unit}"

    def start(self, unit: str) -> str:
        return start_daemon("system", unit, f"{LAUNCH_DAEMONS}/{unit}.plist")


@dataclass(frozen=True)
class Container(Place):
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
        ping = join(["docker", "exec", name, "redis-cli", "-s", f"{folder}/{SCRATCH}", "-e"])
        remove = f"docker rm --force {name} >/dev/null 2>&1 || true"
        server = f"redis-server {_scratch(folder)} --unixsocketperm 777"
        return {
            "start": f"{remove}; {run} {_image_of(self.unit)} {server} >/dev/null",
            "alive": "[ \"$(docker container inspect --format '{{.State.Running}}' "
            f'{name})" = true ]',
            "ready": f"{ping} ping 2>/dev/null | grep -q PONG",
            "stop": remove,
        }

    def program(self, *arguments: str, server: bool = False) -> str:
        network = self.network if server else "none"
        run = self._run(network, "--env", "REDISCLI_AUTH", "--user", "0", "--entrypoint", "python")
        inner = join(["-c", _KEYSPACE.read_text(), *arguments])
        return f"{self._password} {run} {_image_of(self.service)} {inner}"

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
    """The arguments of a server that only we reach, and that keeps its files as they are."""
    settings = {
        "port": "0",
        "unixsocket": f"{folder}/{SCRATCH}",
        "dir": folder,
        "logfile": f"{folder}/scratch.log",
        "appendonly": "yes",
        "aof-load-truncated": "no",
        "auto-aof-rewrite-percentage": "0",
        "maxmemory": "0",
    }
    return join([part for name, value in settings.items() for part in (f"--{name}", value)]) + (
        " --save ''"
    )


def places_of(runtime: Runtime) -> list[Place]:
    """Every Redis of a host.

    Raises:
        TypeError: the runtime has no server of its own unit or container.
    """
    if isinstance(runtime, Docker):
        return [_container(server) for server in runtime.servers]
    if not isinstance(runtime, Native):
        raise TypeError(f"{type(runtime).__name__} has no places")
    kind = Mac if isinstance(runtime, DarwinNative) else Place
    owner = f"{runtime.layout.owner.redis}:{runtime.layout.owner.redis_group}"
    return [
        kind(
            runtime.unit_of(server.spec), server.cli, server.layout.redis_data, owner,
            runtime.service_unit, *_named(server),
        )
        for server in runtime.servers
    ]  # fmt: skip


def _container(server: Server) -> Container:
    unit = server.spec.unit
    network = "host" if server.spec.node else f"container:{unit}"
    return Container(
        unit, server.cli, "/data", "redis:redis", SERVICE_UNIT, *_named(server), network
    )


def _named(server: Server) -> tuple[str, str]:
    """How a backup calls it, and the address that it is reached by on its host."""
    node = server.spec.node
    return (str(node), node.address) if node else ("redis", server.cli.address)
