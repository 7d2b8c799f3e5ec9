"""Where the data of one Redis are, and how commands on its host reach them: directly, or through a
container that shares its volume. Pure: shell commands out, no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import join, quote

from deploy.commands import RedisCli, start_daemon, start_unit
from deploy.layout import DAEMON, LAUNCH_DAEMONS, REDIS_DAEMON, REDIS_UNIT, SERVICE_UNIT

_ON_HOST = Path(__file__).with_name("on_host.py")
SCRATCH = "scratch.sock"


@dataclass(frozen=True)
class Place:
    """One Redis on one host. `name` is its unit's or container's, `owner` its files' user."""

    name: str
    cli: RedisCli
    data: str
    owner: str
    service: str = SERVICE_UNIT

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
        """Our program `on_host`, in the service's Python; with `server` it asks the server, as
        admin, and else a scratch server.
        """
        python = f"{self.cli.layout.current}/bin/python"
        return f"{self._password} {join([python, '-c', _ON_HOST.read_text(), *arguments])}"

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

    network: str = f"container:{REDIS_UNIT}"

    def inside(self, script: str) -> str:
        image = _image_of(self.name)
        run = self._run("none", "--user", "0", "--entrypoint", "sh")
        return f"{run} {image} -c {quote(script)}"

    def scratch(self, folder: str) -> Mapping[str, str]:
        name = f"{self.name}-scratch"
        # The image's own entrypoint stays: it loads the modules that the data may need.
        run = join(["docker", "run", "--detach", "--name", name, "--network", "none",
                    "--volumes-from", self.name])  # fmt: skip
        ping = join(["docker", "exec", name, "redis-cli", "-s", f"{folder}/{SCRATCH}", "-e"])
        remove = f"docker rm --force --volumes {name} >/dev/null 2>&1 || true"
        server = f"redis-server {_scratch(folder)} --unixsocketperm 777"
        return {
            "start": f"{remove}; {run} {_image_of(self.name)} {server} >/dev/null",
            "alive": "[ \"$(docker container inspect --format '{{.State.Running}}' "
            f'{name})" = true ]',
            "ready": f"{ping} ping 2>/dev/null | grep -q PONG",
            "stop": remove,
        }

    def program(self, *arguments: str, server: bool = False) -> str:
        network = self.network if server else "none"
        run = self._run(network, "--env", "REDISCLI_AUTH", "--user", "0", "--entrypoint", "python")
        inner = join(["-c", _ON_HOST.read_text(), *arguments])
        return f"{self._password} {run} {_image_of(self.service)} {inner}"

    def _run(self, network: str, *options: str) -> str:
        return join(["docker", "run", "--rm", "--interactive", "--network", network,
                     "--volumes-from", self.name, *options])  # fmt: skip

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


def native_place(cli: RedisCli, *, mac: bool) -> Place:
    """Of one server under a supervisor."""
    layout = cli.layout
    owner = f"{layout.owner.redis}:{layout.owner.redis_group}"
    if mac:
        return Mac(REDIS_DAEMON, cli, layout.redis_data, owner, DAEMON)
    return Place(REDIS_UNIT, cli, layout.redis_data, owner)


def container_place(cli: RedisCli) -> Place:
    """Of one server in a container."""
    return Container(REDIS_UNIT, cli, "/data", "redis:redis")
