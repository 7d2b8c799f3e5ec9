"""What must hold before anything is changed. Each problem names the setting or the fact."""

from collections.abc import Iterator, Mapping

from deploy.facts.docker import DockerState
from deploy.facts.files import Disk
from deploy.facts.gather import Facts
from deploy.facts.units import UnitState
from deploy.quantities import about, parse_bytes
from deploy.settings import Stack
from deploy.versions import Version, major_minor, tagged
from thoughtstream.directives import MEMORY_SHARE
from thoughtstream.versions import OLDEST, dotted

OLDEST_PYTHON = (3, 11)
OLDEST_DOCKER = (20, 10)
_RELEASE_BYTES = 512 << 20
_OWN_FILES = 32
"""What Redis opens beside its clients' connections."""


def linux(facts: Facts) -> Iterator[str]:
    """Root and a system that we know."""
    machine = facts.machine
    if machine.system != "Linux":
        yield f"facts.machine.system: is {machine.system}, which this runtime doesn't support"
    elif machine.user != "root":
        yield (
            f"facts.machine.user: is {machine.user}, who may not change this host; connect as "
            "root, or set _sudo=True in the inventory"
        )


def native_linux(facts: Facts) -> Iterator[str]:
    """systemd, apt, a Python and a Redis that are new enough."""
    machine, software = facts.machine, facts.software
    if not machine.systemd:
        yield "facts.machine.systemd: is not running here; use runtime='docker'"
    if not software.apt:
        yield "facts.software.apt: is missing (not Debian or Ubuntu); use runtime='docker'"
    python = machine.python or software.python_candidate
    if python is None:
        yield "facts.software.python_candidate: apt offers no python3; run apt-get update there"
    elif (major_minor(python) or (0, 0)) < OLDEST_PYTHON:
        yield (
            f"facts.machine.python: is {python}, and the service needs 3.11; use runtime='docker'"
        )
    elif machine.glibc is None:
        yield "facts.machine.glibc: is missing (musl?); use runtime='docker'"
    yield from redis_version("facts.software.redis", software.redis)
    if software.redis is None:
        yield from redis_version("facts.software.candidate", software.candidate)


def own_data(file: str | None) -> Iterator[str]:
    """What the host's own Redis, which is to be masked, has is nobody's who might miss it."""
    if file:
        yield (
            f"facts.software.own_data: redis-server of this host is stopped, and has data ({file}) "
            "which nobody could serve any more; deploy/README.md#to-bring-over-another-redis says "
            "how to keep it; to leave it where it is: sudo systemctl mask redis-server"
        )


def redis_version(path: str, found: str | None) -> Iterator[str]:
    """A Redis that has Functions."""
    number = major_minor(found)
    if number is not None and number < OLDEST:
        yield (
            f"{path}: is {found}, and Functions need Redis {dotted(OLDEST)}; upgrade it, or use "
            "'docker'"
        )


def docker(state: DockerState | None) -> Iterator[str]:
    """An engine that answers, with compose v2."""
    if state is None:
        yield (
            "facts.docker: Docker is not installed, not running, or not open to this user; "
            "install and start it, or use runtime='native'"
        )
        return
    if (state.root or "").startswith("/var/snap/"):
        yield (
            f"facts.docker.root: is {state.root}; Snap's Docker can't read what we put into /etc; "
            "`snap remove docker`, and install docker.io, or Docker's own packages"
        )
    number = major_minor(state.version)
    if number is not None and number < OLDEST_DOCKER:
        yield f"facts.docker.version: is {state.version}, and must be 20.10 or newer"
    if (major_minor(state.compose) or (0, 0)) < (2, 0):
        yield (
            f"facts.docker.compose: is {state.compose or 'missing'}; install the compose plugin, "
            "version 2"
        )


def running_redis(facts: Facts) -> Iterator[str]:
    """The server that answers is new enough for what is to run on it."""
    if facts.redis is not None:
        yield from redis_version("facts.redis.version", facts.redis.version)


def held(stack: Stack, facts: Facts, at: str = "") -> Iterator[str]:
    """`maxmemory` is not lowered under what the server holds: it would refuse every thought."""
    running, wanted = facts.redis, stack.redis.maxmemory
    if running is None or wanted >= running.used:
        return
    now = parse_bytes(running.config.get("maxmemory", "0"))
    if now == 0 or wanted < now:
        yield (
            f"redis.maxmemory: {about(wanted)} is less than the {about(running.used)} that Redis "
            f"holds{at}, and it would refuse every thought; give more, or let it forget first "
            "(streams.unconscious_maxlen, queue.results_bytes)"
        )


def image(name: str, running: str) -> Iterator[str]:
    """The image is not older than the server that runs, as far as its tag says."""
    if _is_older(tagged(name), major_minor(running)):
        yield (
            f"docker.image: {name} is older than the Redis {running} that runs here, and "
            "could not read its data; name that version or a newer one"
        )


def image_of_data(name: str, facts: Facts, unit: str) -> Iterator[str]:
    """While that server is stopped: nor older than what ran it last, or wrote its data."""
    found = facts.docker.containers.get(unit) if facts.docker else None
    if found and found.image and _is_older(tagged(name), tagged(found.image)):
        yield (
            f"docker.image: {name} is older than {found.image}, from which {unit} was made, and "
            "could not read its data; name that version or a newer one"
        )
    elif _is_older(tagged(name), major_minor(facts.disk.redis)):
        yield f"docker.image: {name} {_wrote(facts.disk)}; name that version or a newer one"


def package_of_data(starts: str | None, disk: Disk) -> Iterator[str]:
    """The same of a package: what would start can read the data that is there."""
    if _is_older(major_minor(starts), major_minor(disk.redis)):
        yield f"facts.software.redis: {starts} {_wrote(disk)}; install that version or a newer one"


def _wrote(disk: Disk) -> str:
    return f"is older than Redis {disk.redis}, which wrote the data here, and could not read it"


def _is_older(new: Version | None, old: Version | None) -> bool:
    return bool(new and old and new < old[: len(new)])


def memory(stack: Stack, available: int | None, path: str) -> Iterator[str]:
    """`maxmemory` leaves room for the copies of a rewrite."""
    if available is None:
        yield f"{path}: can't be read, so redis.maxmemory can't be checked"
        return
    most = int(available * MEMORY_SHARE)
    if stack.maxmemory > most:
        nodes = stack.cluster.nodes if stack.cluster else 1
        each = f" for each of {nodes} nodes" if nodes > 1 else ""
        yield (
            f"redis.maxmemory: {about(stack.redis.maxmemory)}{each} is more than "
            f"{MEMORY_SHARE:.0%} of this host's {about(available)} ({path}); "
            f"the most is {about(most // nodes)}"
        )


def disk(stack: Stack, found: Disk) -> Iterator[str]:
    """Room for the log and its rewrite, and for a release."""
    if found.free is None:
        return
    needed = 2 * stack.maxmemory + _RELEASE_BYTES
    if found.free + (found.used or 0) < needed:
        yield (
            f"facts.disk.free: {about(found.free)} is too little for redis.maxmemory "
            f"{about(stack.maxmemory)}: the log and its rewrite take twice that, and a "
            f"release {about(_RELEASE_BYTES)}; free {about(needed - found.free)}"
        )


def files(stack: Stack, allowed: int, path: str) -> Iterator[str]:
    """Redis may open a file a client; it would quietly take fewer clients."""
    if stack.redis.maxclients + _OWN_FILES > allowed:
        yield (
            f"redis.maxclients: {stack.redis.maxclients} needs more open files than the {allowed} "
            f"there are ({path}); the most is {allowed - _OWN_FILES}"
        )


def web(
    stack: Stack,
    facts: Facts,
    mine: UnitState | None,
    programs: frozenset[str] = frozenset(),
) -> Iterator[str]:
    """Nobody else listens where the web process is to."""
    if stack.web.enabled:
        yield from ports(facts, {"web.port": stack.web.port}, mine, programs)


def ports(
    facts: Facts,
    wanted: Mapping[str, int],
    mine: UnitState | None,
    programs: frozenset[str] = frozenset(),
    cure: str = "choose another port",
) -> Iterator[str]:
    """Nobody else listens where we want to: `mine` and `programs` are our own."""
    for setting, port in wanted.items():
        listener = facts.listeners.get(port)
        if listener is None:
            continue
        ours = mine is not None and listener.pid is not None and listener.pid == mine.pid
        if ours or listener.program in programs:
            continue
        who = listener.program or "another program"
        process = f" (process {listener.pid})" if listener.pid else ""
        yield f"{setting}: {port} is in use by {who}{process}; stop it, or {cure}"
