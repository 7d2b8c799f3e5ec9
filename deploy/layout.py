"""Where things live on a host, and whose they are. One function a kind of host; no I/O."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from thoughtstream.acl import Role
from thoughtstream.config import FILE_NAME, default_home

ROLES: tuple[Role, ...] = ("admin", "service", "web", "monitor")
CLUSTER_ROLES: tuple[Role, ...] = (*ROLES, "replica")
"""`replica`: whom a replica is to its master."""

REDIS_UNIT = "thoughtstream-redis"
SERVICE_UNIT = "thoughtstream"
WEB_UNIT = "thoughtstream-web"
THP_UNIT = "thoughtstream-thp"
PROMETHEUS_UNIT = "thoughtstream-prometheus"
REDIS_DAEMON = "io.thoughtstream.redis"
DAEMON = "io.thoughtstream.service"
WEB_DAEMON = "io.thoughtstream.web"
INSIGHT = "thoughtstream-insight"
IMAGE = "thoughtstream"
EXTRAS = ("mcp", "metrics", "web")
REQUIREMENT = f"thoughtstream[{','.join(EXTRAS)}]"
"""What of ours is installed on a host."""
REQUIREMENTS = "requirements.txt"
"""Beside the wheels: what is to be installed of them, each with its hash."""
CONTAINER_UID = 10_001
"""Our user inside a container."""

CLAIM = "claim.json"
SYSTEMD = "/etc/systemd/system"
SYSCTL = "/etc/sysctl.d/60-redis.conf"
NEEDRESTART = "/etc/needrestart/conf.d/thoughtstream.conf"
LOCK = "/var/lib/thoughtstream.lock"
"""Says who is changing a host; macOS has no such folder, see `Layout.lock`."""
UPLOADS = ".thoughtstream-uploads"
"""Where uploads go first, in the home of the user who connects."""

LAUNCH_DAEMONS = "/Library/LaunchDaemons"
NEWSYSLOG = "/etc/newsyslog.d/thoughtstream.conf"


@dataclass(frozen=True)
class Owner:
    """Who may read what: `admin` owns, the groups read what their process needs."""

    admin: str
    admin_group: str
    redis: str
    redis_group: str
    service: str
    service_group: str
    web: str
    web_group: str


@dataclass(frozen=True)
class Layout:
    """Directories of one host. `closed`: a process's directory is its user's alone, for groups that
    hold everybody keep nobody out. `node`: the port of a cluster's node, which has directories and
    a unit of its own; None: the only server of its host. `lock`: the file that says who changes it.
    """

    etc: str
    opt: str
    data: str
    bin: str
    owner: Owner
    etc_mode: int = 0o755
    redis_mode: int = 0o640
    closed: bool = False
    node: int | None = None
    lock: str = LOCK

    def of_node(self, port: int) -> "Layout":
        """The same, for the node of a cluster that has the port."""
        return replace(self, node=port)

    @property
    def _node(self) -> str:
        return "" if self.node is None else f"-{self.node}"

    @property
    def redis_unit(self) -> str:
        """The name of Redis's unit or container."""
        return f"{REDIS_UNIT}{self._node}"

    @property
    def redis_etc(self) -> str:
        """Redis's configuration directory, mounted as a whole into a container."""
        return f"{self.etc}/redis{self._node}"

    @property
    def redis_shared(self) -> str:
        """What all servers of the host read."""
        return f"{self.etc}/redis"

    @property
    def service_etc(self) -> str:
        """The service's configuration directory."""
        return f"{self.etc}/service"

    @property
    def web_etc(self) -> str:
        """The web process's configuration directory."""
        return f"{self.etc}/web"

    @property
    def redis_conf(self) -> str:
        return f"{self.redis_etc}/redis.conf"

    @property
    def acl(self) -> str:
        return f"{self.redis_etc}/users.acl"

    @property
    def masterauth(self) -> str:
        """What redis.conf includes: the password that a replica shows its master, and only that."""
        return f"{self.redis_shared}/masterauth.conf"

    @property
    def toml(self) -> str:
        return f"{self.service_etc}/thoughtstream.toml"

    @property
    def web_toml(self) -> str:
        return f"{self.web_etc}/thoughtstream.toml"

    @property
    def claim(self) -> str:
        """Whose the host is."""
        return f"{self.etc}/{CLAIM}"

    @property
    def compose(self) -> str:
        return f"{self.etc}/compose.yaml"

    @property
    def redis_data(self) -> str:
        return f"{self.data}/redis{self._node}"

    @property
    def service_data(self) -> str:
        return f"{self.data}/service"

    @property
    def web_data(self) -> str:
        return f"{self.data}/web"

    @property
    def prometheus_etc(self) -> str:
        return f"{self.etc}/prometheus"

    @property
    def prometheus_data(self) -> str:
        return f"{self.data}/prometheus"

    @property
    def releases(self) -> str:
        return f"{self.opt}/releases"

    @property
    def command(self) -> str:
        """What a person types on the host."""
        return f"{self.bin}/thoughtstream"

    @property
    def current(self) -> str:
        """The link to the venv in use."""
        return f"{self.opt}/current"

    @property
    def program(self) -> str:
        """The service's program where it runs natively."""
        return f"{self.current}/bin/thoughtstream"

    def secret(self, role: Role) -> str:
        """The file that holds a role's password and nothing else."""
        places = {
            "admin": f"{self.etc}/secrets/admin",
            "service": f"{self.service_etc}/password",
            "web": f"{self.web_etc}/password",
            "monitor": f"{self.redis_shared}/monitor.password",
            "replica": f"{self.etc}/secrets/replica",
        }
        return places[role]


def linux_native() -> Layout:
    """Debian's Redis and our service under our own systemd units."""
    owner = Owner(
        "root", "root", "redis", "redis", *["thoughtstream"] * 2, *["thoughtstream-web"] * 2
    )
    return Layout(
        "/etc/thoughtstream", "/opt/thoughtstream", "/var/lib/thoughtstream", "/usr/local/bin",
        owner,
    )  # fmt: skip


def linux_docker() -> Layout:
    """Containers. Nobody but root enters the configuration directory; inside it, Redis's files
    are readable to whatever user its image runs it as.
    """
    uid = str(CONTAINER_UID)
    owner = Owner("root", "root", "root", "root", *[uid] * 4)
    return Layout(
        "/etc/thoughtstream", "/opt/thoughtstream", "/var/lib/thoughtstream", "/usr/local/bin",
        owner, etc_mode=0o700, redis_mode=0o644,
    )  # fmt: skip


def darwin_native(user: str) -> Layout:
    """Homebrew's Redis under our own LaunchDaemons, which run as the user who owns Homebrew."""
    root = "/opt/thoughtstream"
    owner = Owner("root", "wheel", *[user, "staff"] * 3)
    return Layout(
        f"{root}/etc",
        root,
        f"{root}/data",
        f"{root}/bin",
        owner,
        closed=True,
        lock="/var/db/thoughtstream.lock",
    )


def darwin_path(home: str) -> str:
    """Where a Mac keeps programs: a login over SSH has neither Homebrew's nor Docker's place."""
    own = f"{home}/.orbstack/bin:{home}/.docker/bin"
    return f"/opt/homebrew/bin:/usr/local/bin:{own}:/usr/bin:/bin:/usr/sbin:/sbin"


def darwin_docker(user: str, home: str) -> Layout:
    """Docker Desktop or OrbStack: a user's own, so all files are the user's, under the home that
    both share with their machine.
    """
    root = f"{home}/.thoughtstream"
    owner = Owner(*[user, "staff"] * 4)
    return Layout(
        f"{root}/etc", root, f"{root}/data", f"{root}/bin", owner, etc_mode=0o700, redis_mode=0o644,
        lock=f"{root}.lock",
    )  # fmt: skip


def configurations(system: str | None, home: str) -> tuple[str, ...]:
    """Each directory in which a server of such a host may have its configuration."""
    if system == "Darwin":
        return darwin_native("").etc, darwin_docker("", home).etc
    return (linux_native().etc,)


@dataclass(frozen=True)
class HomeLayout:
    """Where a mind of one's own lives: in the home directory of whoever runs the deployment, with
    the program of this very environment.
    """

    home: str
    program: str
    user_units: str
    user_agents: str

    @property
    def toml(self) -> str:
        return f"{self.home}/{FILE_NAME}"


def home_layout() -> HomeLayout:
    """This machine, this user, and the home that the service will find too."""
    named = os.environ.get("THOUGHTSTREAM_HOME")
    home = Path(named) if named else default_home()
    return HomeLayout(
        home=str(home.expanduser().absolute()),
        program=str(Path(sys.executable).parent / "thoughtstream"),
        user_units=str(Path.home() / ".config/systemd/user"),
        user_agents=str(Path.home() / "Library/LaunchAgents"),
    )
