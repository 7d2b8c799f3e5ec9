"""What a deployment leaves on a host, each with how it is found there and how it goes. Pure: shell
commands out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

from deploy.before import RECORD
from deploy.commands import PRUNE
from deploy.layout import (
    DAEMON,
    IMAGE,
    LAUNCH_DAEMONS,
    NEEDRESTART,
    NEWSYSLOG,
    REDIS_DAEMON,
    SERVICE_UNIT,
    SYSCTL,
    SYSTEMD,
    UPLOADS,
    WEB_DAEMON,
)
from deploy.runtimes.base import Runtime
from deploy.runtimes.darwin import DarwinNative
from deploy.runtimes.docker import Docker
from deploy.runtimes.embedded import Embedded
from deploy.runtimes.linux import LinuxNative

_UNITS = f"$(cd {SYSTEMD} && ls -d {SERVICE_UNIT}.service {SERVICE_UNIT}-*.service 2>/dev/null)"
_OURS = "--filter label=com.docker.compose.project=thoughtstream"
_OLD = f"{{ [ -e {RECORD} ] && cat {RECORD} || true; }}"
_THP = "/sys/kernel/mm/transparent_hugepage/enabled"


@dataclass(frozen=True)
class Remains:
    """`found` succeeds while it is there; `gone` is the command that takes it away."""

    what: str
    found: str
    gone: str


def remains(runtime: Runtime, *, erase: bool) -> list[Remains]:
    """All that a deployment by this runtime may have left, in the order in which it goes; `erase`:
    the data, too.
    """
    match runtime:
        case Embedded():
            return list(_at_home(runtime, erase=erase))
        case LinuxNative():
            owner = runtime.layout.owner
            return [
                *_units(),
                *_files(runtime, erase=erase),
                *_users(owner.service, owner.web),
                _rule_of_needrestart(),
                *_debians("redis-server"),
                *(_debians("prometheus") if runtime.stack.prometheus else ()),
                *_kernel(),
            ]
        case DarwinNative():
            return [*_jobs(), *_files(runtime, erase=erase)]
        case Docker():
            return [
                *_containers(runtime, erase=erase),
                *([] if runtime.mac else _units()),
                *_files(runtime, erase=erase),
                *([] if runtime.mac else _kernel()),
            ]
    raise TypeError(f"{type(runtime).__name__}: nobody knows what it leaves on a host")


def data_of(runtime: Runtime) -> str:
    """Where the data is, as a person reads it."""
    match runtime:
        case Embedded():
            return runtime.layout.home
        case Docker() if not runtime.nodes:
            return "the volumes thoughtstream_…"
        case LinuxNative() | DarwinNative() | Docker():
            return runtime.layout.data
    raise TypeError(f"{type(runtime).__name__}: nobody knows where its data is")


def _units() -> Iterator[Remains]:
    every = f"for u in {_UNITS}; do"
    stop = f"{every} systemctl disable --now $u 2>/dev/null; rm -f {SYSTEMD}/$u; done"
    forget = f"{every} systemctl reset-failed $u 2>/dev/null; done"
    gone = f"{stop}; systemctl daemon-reload; {forget}; true"
    yield Remains("stop and remove its units", f'[ -n "{_UNITS}" ]', gone)


def _jobs() -> Iterator[Remains]:
    labels = f"{REDIS_DAEMON} {DAEMON} {WEB_DAEMON}"
    plists = " ".join(f"{LAUNCH_DAEMONS}/{label}.plist" for label in labels.split())
    ended = f"for l in {labels}; do launchctl bootout system/$l 2>/dev/null; done"
    gone = f"{ended}; rm -f {plists}"
    yield Remains("stop and remove its jobs", f"ls {plists} 2>/dev/null | grep -q .", gone)


def _containers(runtime: Docker, *, erase: bool) -> Iterator[Remains]:
    ours = f"$(docker ps --all --quiet {_OURS})"
    networks = f"$(docker network ls --quiet {_OURS})"
    yield Remains(
        "stop and remove its containers and their network",
        f'[ -n "{ours}{networks}" ]',
        f"for c in {ours}; do docker stop --time 60 $c >/dev/null; docker rm $c >/dev/null; done; "
        f"for n in {networks}; do docker network rm $n >/dev/null; done",
    )
    if erase:
        volumes = f"$(docker volume ls --quiet {_OURS})"
        gone = f"docker volume rm {volumes} >/dev/null"
        yield Remains("ERASE its volumes, with all data", f'[ -n "{volumes}" ]', gone)
    pulled = f"$({_OLD} | sed -n 's/^# pulled //p')"
    images = f"$(docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}' {IMAGE}) {pulled}"
    yield Remains(
        "remove its images, unless somebody else uses them",
        f"( for i in {images}; do docker image inspect $i && exit; done; exit 1 )",
        f"docker image rm {images} >/dev/null 2>&1; {PRUNE}",
    )


def _files(runtime: LinuxNative | DarwinNative | Docker, *, erase: bool) -> Iterator[Remains]:
    layout = runtime.layout
    inside = [layout.etc, layout.releases, layout.current, f"{layout.opt}/build", layout.command]
    inside.append(f"{runtime.machine.home}/{UPLOADS}")
    if isinstance(runtime, DarwinNative):
        inside += [runtime.log, layout.bin, NEWSYSLOG]
    # On Linux /opt/thoughtstream is ours alone; on a Mac the data is in it.
    paths = inside if layout.data.startswith(layout.opt) else [*inside, layout.opt]
    names = " ".join(map(quote, paths))
    yield Remains("remove its settings, passwords and programs", _any(paths), f"rm -rf {names}")
    if erase:
        data = f"rm -rf {quote(layout.data)}"
        yield Remains(f"ERASE its data in {layout.data}", _any([layout.data]), data)
        yield Remains(
            f"remove {layout.opt}", _any([layout.opt]), f"rmdir {quote(layout.opt)} || true"
        )


def _users(*names: str) -> Iterator[Remains]:
    every = " ".join(names)
    found = f"getent passwd {every} >/dev/null || [ $? = 2 ] && getent passwd {every} | grep -q ."
    gone = f"for u in {every}; do ! id $u >/dev/null 2>&1 || userdel $u; done"
    yield Remains(f"remove the users {', '.join(names)}", found, gone)


def _rule_of_needrestart() -> Remains:
    folder = NEEDRESTART.rpartition("/")[0]
    empty = f"rmdir --parents --ignore-fail-on-non-empty {folder} 2>/dev/null"
    return Remains(
        f"remove {NEEDRESTART}", _any([NEEDRESTART]), f"rm -f {NEEDRESTART}; {empty}; true"
    )


def _debians(unit: str) -> Iterator[Remains]:
    was_there = f"{_OLD} | grep -q '^# was there: {unit}'"
    yield Remains(
        f"unmask {unit}, which is off unless it was there before",
        f'[ "$(readlink {SYSTEMD}/{unit}.service)" = /dev/null ]',
        f"systemctl unmask --quiet {unit}; "
        f"{was_there} || systemctl disable --quiet {unit} 2>/dev/null; true",
    )


def _kernel() -> Iterator[Remains]:
    load = f"grep -v '^#' {RECORD} | sysctl --quiet --load=- || true"
    huge = f"sed -n 's/^# transparent huge pages: //p' {RECORD}"
    undone = f'h=$({huge}); [ -z "$h" ] || echo "$h" >{_THP} || true'
    yield Remains(
        f"remove {SYSCTL}, and set the kernel as it was before",
        _any([SYSCTL, RECORD]),
        f"rm -f {SYSCTL}; if [ -e {RECORD} ]; then {load}; {undone}; rm -f {RECORD}; fi",
    )


def _at_home(runtime: Embedded, *, erase: bool) -> Iterator[Remains]:
    home, program = quote(runtime.layout.home), quote(runtime.layout.program)
    yield Remains("stop the mind", f"{program} status >/dev/null 2>&1", f"{program} down")
    if runtime.job:
        job = quote(runtime.job.path)
        disable = f"systemctl --user disable {SERVICE_UNIT} 2>/dev/null; "
        off = disable if runtime.supervisor == "systemd --user" else ""
        yield Remains(f"remove {runtime.job.path}", _any([runtime.job.path]), f"{off}rm -f {job}")
    if erase:
        yield Remains(f"ERASE {runtime.layout.home}", f"[ -e {home} ]", f"rm -rf {home}")


def _any(paths: list[str]) -> str:
    return " || ".join(f"[ -e {quote(path)} ]" for path in paths)
