"""Clients of a cluster, each a process of its own that keeps a log: what Redis acknowledged to it,
and every error that it saw. They stop by themselves, and when their parent is gone.

Keys are written as users write them, by redis-py; thoughts and anchors through the API (`Mind`). A
value is the SHA-256 of its key or number, so that it can be checked.
"""

import asyncio
import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Literal

from redis.cluster import ClusterNode
from redis.credentials import CredentialProvider

from tests.drills.redis_py import Cluster
from thoughtstream import Mind
from thoughtstream.config import RedisConfig, Settings

Kind = Literal["keys", "thoughts", "anchors"]
Promise = Callable[[Mind, str], Any]

_AGAIN_S = 0.05
_TAGS = 200
"""Keys come with so many hash tags, as those of so many minds do: most slots have none."""


@dataclass(frozen=True)
class Endpoint:
    """How a user reaches the cluster: some nodes, passwords (a file a user), whom to trust."""

    nodes: tuple[tuple[str, int], ...]
    passwords: Path | None = None
    ca_file: Path | None = None

    def connect(self) -> Cluster:
        """redis-py with what `deploy/README.md` recommends to users."""
        options: dict[str, Any] = {"socket_timeout": 2, "socket_connect_timeout": 0.5}
        if self.passwords:
            options["credential_provider"] = _Login("admin", self.passwords)
        if self.ca_file:
            options |= {"ssl": True, "ssl_ca_certs": str(self.ca_file)}
        nodes: Any = [ClusterNode(*node) for node in self.nodes]  # type: ignore[no-untyped-call]
        return Cluster(startup_nodes=nodes, decode_responses=True, **options)

    def settings(self, home: Path) -> Settings:
        """The same for `Mind`."""
        nodes = ",".join(f"{host}:{port}" for host, port in self.nodes)
        scheme = "rediss" if self.ca_file else "redis"
        redis: dict[str, Any] = {"url": f"{scheme}://{nodes}/0", "ca_file": self.ca_file}
        if self.passwords:
            redis |= {"username": "service", "password_file": self.passwords / "service"}
        return Settings(home=home, redis=RedisConfig(**redis))


class _Login(CredentialProvider):
    """Reads the password when it connects, so that a new one is taken up."""

    def __init__(self, user: str, folder: Path) -> None:
        self._user = user
        self._file = folder / user

    def get_credentials(self) -> tuple[str, str]:
        return self._user, self._file.read_text().strip()


@dataclass(frozen=True)
class Client:
    """What one client does. `per_second`: its rate, and that of each of its minds."""

    name: str
    kind: Kind
    endpoint: Endpoint
    folder: Path
    per_second: float
    most_s: float
    minds: tuple[str, ...] = ()


def digest(name: str) -> str:
    """The value of a key."""
    return hashlib.sha256(name.encode()).hexdigest()


class _Log:
    """Lines of JSON: `[when, "acknowledged", where, value]` or `[when, "error", where, text]`."""

    def __init__(self, client: Client, acknowledged: Any, stop: Event) -> None:
        self._file = (client.folder / f"{client.name}.log").open("w", buffering=1)
        self._acknowledged = acknowledged
        self._stop = stop
        self._end = time.monotonic() + client.most_s
        self._parent = os.getppid()

    def acknowledged(self, where: str, value: str) -> None:
        self._line("acknowledged", where, value)
        self._acknowledged.value += 1

    def error(self, where: str, error: Exception) -> None:
        self._line("error", where, f"{type(error).__name__}: {error}")

    def started(self) -> None:
        self._line("started", "", "")

    def ended(self) -> None:
        self._line("ended", "", "")

    def _line(self, *what: str) -> None:
        self._file.write(json.dumps([time.monotonic(), *what]) + "\n")

    @asynccontextmanager
    async def errors_of(self, where: str) -> AsyncIterator[None]:
        """What goes wrong in it is written down, and is gone on after."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, a user would have seen it
            self.error(where, error)
            await asyncio.sleep(_AGAIN_S)

    @property
    def over(self) -> bool:
        late = time.monotonic() > self._end
        return late or self._stop.is_set() or os.getppid() != self._parent


def _run(client: Client, acknowledged: Any, stop: Event) -> None:
    log = _Log(client, acknowledged, stop)
    log.started()
    match client.kind:
        case "keys":
            _write_keys(client, log)
        case "thoughts":
            asyncio.run(_use_minds(client, log, _think))
        case "anchors":
            asyncio.run(_use_minds(client, log, _anchor))
    log.ended()


def _write_keys(client: Client, log: _Log) -> None:
    """One key after the other; one that got an error is written again, as it may be."""
    redis = client.endpoint.connect()
    for number in count():
        key = f"proof:{{{number % _TAGS}}}:{client.name}:{number}"
        while not log.over:
            try:
                redis.set(key, digest(key))
            except Exception as error:  # noqa: BLE001 - whatever it is, a user would have seen it
                log.error(key, error)
                time.sleep(_AGAIN_S)
            else:
                log.acknowledged("", key)
                time.sleep(1 / client.per_second)
                break
        if log.over:
            break
    redis.close()


async def _use_minds(client: Client, log: _Log, promise: Promise) -> None:
    async with asyncio.TaskGroup() as group:
        for mind in client.minds:
            group.create_task(_use(client, log, promise, mind))


async def _use(client: Client, log: _Log, promise: Promise, name: str) -> None:
    """One value after the other. One that got an error is not said again: it may be there."""
    numbers = count()
    settings = client.endpoint.settings(client.folder)
    while not log.over:
        async with log.errors_of(name), Mind.connect(name, settings=settings) as mind:
            while not log.over:
                value = digest(f"{client.name}:{name}:{next(numbers)}")
                async with log.errors_of(name):
                    await promise(mind, value)
                    log.acknowledged(name, value)
                    await asyncio.sleep(1 / client.per_second)


async def _think(mind: Mind, value: str) -> None:
    await mind.think(value, salience=0.9)


async def _anchor(mind: Mind, value: str) -> None:
    await mind.anchor(value, durability="replicas")


class Clients:
    """Running clients."""

    def __init__(self, clients: tuple[Client, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        self.clients = clients
        self._stop = context.Event()
        self._acknowledged = [context.Value("Q", 0) for _ in clients]
        self._processes = [
            context.Process(target=_run, args=(client, acknowledged, self._stop), daemon=True)
            for client, acknowledged in zip(clients, self._acknowledged, strict=True)
        ]

    def start(self) -> None:
        """Start all of them."""
        for process in self._processes:
            process.start()

    def counts(self) -> list[int]:
        """How many writes each has had acknowledged."""
        return [acknowledged.value for acknowledged in self._acknowledged]

    def running(self) -> bool:
        """Whether all of them are."""
        return all(process.is_alive() for process in self._processes)

    def stop(self) -> None:
        """Ask them to stop, and wait; one that hangs is killed, and its log says no end."""
        self._stop.set()
        for process in self._processes:
            process.join(30)
            process.kill()


@contextmanager
def working(clients: tuple[Client, ...]) -> Iterator[Clients]:
    """Clients that work until the end of the block."""
    started = Clients(clients)
    started.start()
    try:
        yield started
    finally:
        started.stop()
