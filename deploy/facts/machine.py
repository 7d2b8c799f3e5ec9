"""The machine: system, memory, Python, what supervises processes, kernel settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pyinfra.api.host import Host

from deploy.facts.base import ScriptFact, kibibytes, number, pairs, script
from deploy.layout import DAEMON, darwin_path


@dataclass(frozen=True)
class Machine:
    """`memory` in bytes: the machine's, or its container's if that is less. `user` runs the
    commands, `login` connected (before sudo), and `home` belongs to the latter; `nonlocal_bind`:
    the families whose addresses can be listened on before they are there; `ufw`: whether that
    firewall is on; `linger`: whether the user's systemd outlives their logins. Of a Mac: `brew` is
    where Homebrew's programs are, `power` what pmset says, `filevault` whether its disk is locked
    at the start.
    """

    system: str | None
    distribution: str | None = None
    release: str | None = None
    architecture: str | None = None
    glibc: str | None = None
    user: str | None = None
    login: str | None = None
    home: str | None = None
    memory: int | None = None
    python: str | None = None
    container: str | None = None
    systemd: bool = False
    systemd_user: bool = False
    launchd_domain: str | None = None
    tunable: bool = False
    overcommit: int | None = None
    somaxconn: int | None = None
    nonlocal_bind: frozenset[str] = frozenset()
    ufw: bool = False
    linger: bool = False
    thp_tunable: bool = False
    thp: str | None = None
    brew: str | None = None
    brew_owner: str | None = None
    power: Mapping[str, str] = field(default_factory=dict)
    filevault: bool = False


_POWER = "power "
_NONLOCAL = "nonlocal "


class MachineFact(ScriptFact[Machine]):
    """Reads the machine."""

    def command(self) -> str:
        return script(
            'echo "system=$(uname -s)"',
            'echo "architecture=$(uname -m)"',
            'echo "user=$(id -un)"',
            'echo "login=${SUDO_USER:-$(id -un)}"',
            'echo "home=$(eval echo "~${SUDO_USER:-$(id -un)}")"',
            '[ -r /etc/os-release ] && . /etc/os-release && echo "distribution=$ID" '
            '&& echo "release=$VERSION_ID"',
            'echo "glibc=$(getconf GNU_LIBC_VERSION | cut -d " " -f 2)"',
            '[ -d /Library ] && echo "release=$(sw_vers -productVersion)"',
            "awk '/^MemTotal/ {print \"memory_kb=\" $2}' /proc/meminfo",
            'echo "memory=$(sysctl -n hw.memsize)"',
            'echo "limit=$(cat /sys/fs/cgroup/memory.max '
            '|| cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"',
            '[ -d /Library ] || echo "python=$(python3 -c '
            "'import platform; print(platform.python_version())')\"",
            'echo "container=$(systemd-detect-virt --container)"',
            "[ -d /run/systemd/system ] && echo systemd=yes",
            "systemctl --user show-environment >/dev/null && echo systemd_user=yes",
            _launchd_domain(),
            "[ -w /proc/sys/vm/overcommit_memory ] && echo tunable=yes",
            "[ -w /sys/kernel/mm/transparent_hugepage/enabled ] && echo thp_tunable=yes",
            'echo "overcommit=$(cat /proc/sys/vm/overcommit_memory)"',
            'echo "somaxconn=$(cat /proc/sys/net/core/somaxconn)"',
            "for f in ipv4 ipv6; do "
            'echo "nonlocal $f=$(grep -x 1 /proc/sys/net/$f/ip_nonlocal_bind)"; done',
            "grep -qx ENABLED=yes /etc/ufw/ufw.conf && echo ufw=yes",
            '[ -e "/var/lib/systemd/linger/$(id -un)" ] && echo linger=yes',
            'echo "thp=$(cat /sys/kernel/mm/transparent_hugepage/enabled)"',
            "pmset -g | awk '$1 ~ /^(autorestart|sleep|disksleep|powernap)$/ "
            '{print "power " $1 "=" $2}\'',
            'echo "filevault=$(fdesetup isactive)"',
            'brew=$(dirname "$(dirname "$(command -v brew)")")',
            '[ -d /Library ] && [ -x "$brew/bin/brew" ] && echo "brew=$brew" '
            '&& echo "brew_owner=$(ls -ld "$brew/Cellar" | awk \'{print $3}\')"',
        )

    def process(self, output: list[str]) -> Machine:
        found = pairs(output)
        total = number(found.get("memory")) or kibibytes(found.get("memory_kb"))
        limit = number(found.get("limit"))
        container = found.get("container")
        return Machine(
            system=found.get("system"),
            distribution=found.get("distribution"),
            release=found.get("release"),
            architecture=found.get("architecture"),
            glibc=found.get("glibc"),
            user=found.get("user"),
            login=found.get("login"),
            home=found.get("home"),
            memory=min(total, limit) if total and limit else total,
            python=found.get("python"),
            container=None if container == "none" else container,
            systemd="systemd" in found,
            systemd_user="systemd_user" in found,
            launchd_domain=found.get("launchd_domain"),
            tunable="tunable" in found,
            thp_tunable="thp_tunable" in found,
            overcommit=number(found.get("overcommit")),
            somaxconn=number(found.get("somaxconn")),
            nonlocal_bind=frozenset(
                n.removeprefix(_NONLOCAL) for n, v in found.items() if v and n.startswith(_NONLOCAL)
            ),
            ufw="ufw" in found,
            linger="linger" in found,
            thp=found.get("thp"),
            brew=found.get("brew"),
            brew_owner=found.get("brew_owner"),
            power={
                n.removeprefix(_POWER): v for n, v in found.items() if v and n.startswith(_POWER)
            },
            filevault=found.get("filevault") == "true",
        )

    @staticmethod
    def default() -> Machine:
        return Machine(system=None)


def machine_of(host: Host, runtime: str) -> Machine:
    """A host's machine; a Mac is asked from now on where its programs are, and as who has them."""
    machine = host.get_fact(MachineFact)
    if machine.system != "Darwin":
        return machine
    host.data._env = {"PATH": darwin_path(machine.home or "")}
    if runtime != "docker":
        return machine
    # Docker is the user's own there: root has no context, no compose plugin and no socket.
    host.data._sudo, host.data._su_user, host.data._doas = False, None, False
    return replace(machine, user=machine.login)


def _launchd_domain() -> str:
    """Where our agent is already; else the one of whoever is at the screen; else, over SSH, the
    user's own.
    """
    domains = '"gui/$(id -u)" "user/$(id -u)"'
    found = 'launchctl print "$domain{}" >/dev/null && echo "launchd_domain=$domain" && exit'
    searches = (
        f"for domain in {domains}; do {found.format(of)}; done" for of in (f"/{DAEMON}", "")
    )
    return f"({'; '.join(searches)})"
