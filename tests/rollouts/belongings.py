"""What a host has: everything that a stack might leave there, to compare before and after."""

from tests.lab.host import Host

_LOOKS = {
    "files": "find /etc /opt /usr/local /root /home /var/lib /var/spool -xdev "
    "-path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o -path /var/lib/systemd -prune "
    "-o -path /var/lib/docker -prune -o -path /var/lib/containerd -prune "
    "-o -name __pycache__ -prune -o -print",
    # Debian's Prometheus leaves its user behind, also when it is purged.
    "users": "{ getent passwd; getent group; } | grep -v ^prometheus:",
    "units": "systemctl list-unit-files --no-legend --no-pager | awk '{print $1, $2}'; "
    "systemctl list-units --all --no-legend --plain 'thoughtstream*' 'redis*' | cut -d ' ' -f 1",
    "kernel": "sysctl vm.overcommit_memory net.core.somaxconn "
    "net.ipv4.ip_nonlocal_bind net.ipv6.ip_nonlocal_bind; "
    "cat /sys/kernel/mm/transparent_hugepage/enabled",
    "containers": "! command -v docker >/dev/null || { docker ps --all --quiet; "
    "docker image ls --format '{{.Repository}}:{{.Tag}}'; docker volume ls --quiet; "
    "docker network ls --format '{{.Name}}'; }",
}
_SUDOS = "/home/admin/.sudo_as_admin_successful"
_BACKUPS = (f"/etc/{name}-" for name in ("passwd", "group", "shadow", "gshadow"))
_CACHES = frozenset({"/etc/ld.so.cache", _SUDOS, *_BACKUPS})


def belongings(host: Host) -> dict[str, set[str]]:
    """Files, users, units, kernel settings, and what Docker has, by kind."""
    found = {kind: set(host.exec(look).stdout.splitlines()) for kind, look in _LOOKS.items()}
    found["files"] -= _CACHES
    return found


def purge_new_packages(host: Host, before: set[str]) -> None:
    """Takes away the packages that a stack needed: a removal leaves them."""
    new = " ".join(sorted(packages(host) - before))
    if new:
        host.exec(f"DEBIAN_FRONTEND=noninteractive apt-get purge --yes {new}")


def packages(host: Host) -> set[str]:
    """The names of those that are installed."""
    listed = host.exec("dpkg-query --show --showformat '${db:Status-Status} ${Package}\n'").stdout
    return {line.split()[1] for line in listed.splitlines() if line.startswith("installed")}
