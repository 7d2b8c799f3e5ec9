"""Clients of a drill, each a process of its own with a log (see `book`). They stop by themselves,
and when their parent is gone. What they do is up to the drill: see `writers`, `people`.
"""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from pathlib import Path

from tests.drills.book import Book, Log
from tests.servers import wait_until

Work = Callable[[Log], None]
"""What a client does until its log says that it is over."""

_SPAWN = multiprocessing.get_context("spawn")
_STOP_S = 30
_ACKNOWLEDGED_S = 180


@dataclass(frozen=True)
class Client:
    """What one client does; `work` has to be something that can be pickled."""

    name: str
    kind: str
    folder: Path
    work: Work
    minds: tuple[str, ...] = ()
    most_s: float = 900

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def book(self) -> Book:
        """What it has noted until now."""
        return Book.of([self.log])


def _run(client: Client, counter: "_Shared", stop: "_Shared", ready: "_Shared") -> None:
    end, parent = time.monotonic() + client.most_s, os.getppid()

    def is_over() -> bool:
        return bool(stop.value) or time.monotonic() > end or os.getppid() != parent

    log = Log(client.log, counter, is_over)
    log.note("started")
    ready.value = 1
    client.work(log)
    log.note("ended")


class ClientProcess:
    """A client that runs, is killed, and runs again."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._counter = _shared()
        self._stop = _shared()
        self._ready = _shared()
        self._process: SpawnProcess | None = None

    @property
    def count(self) -> int:
        """How many writes it has had acknowledged."""
        return self._counter.value

    def start(self) -> "ClientProcess":
        self._stop.value = self._ready.value = 0
        arguments = (self.client, self._counter, self._stop, self._ready)
        self._process = _SPAWN.Process(target=_run, args=arguments, daemon=True)
        self._process.start()
        return self

    def wait_until_ready(self) -> "ClientProcess":
        """Until it has begun its work."""
        wait_until(lambda: self._ready.value, f"{self.client.name} is at work")
        return self

    def ended(self) -> int | None:
        """The exit code, if it has ended by itself."""
        return self._process.exitcode if self._process else None

    def send(self, number: signal.Signals) -> None:
        assert self._process is not None and self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def ask_to_stop(self) -> None:
        """It ends when it has seen it."""
        self._stop.value = 1

    def stop(self) -> int:
        """Ask it, and wait; one that hangs is killed, and its log has no end. Returns the exit
        code.
        """
        if self._process is None:
            return 0
        self.ask_to_stop()
        self._process.join(_STOP_S)
        code = self._process.exitcode
        self.kill()
        return -signal.SIGKILL if code is None else code


class _Shared:
    """A number that processes share; without a lock, which a client that is killed would keep."""

    value: int


def _shared() -> "_Shared":
    found: _Shared = _SPAWN.Value("Q", 0, lock=False)
    return found


@contextmanager
def working(clients: Sequence[Client]) -> Iterator[list[ClientProcess]]:
    """Clients that work until the end of the block."""
    processes = [ClientProcess(client) for client in clients]
    try:
        for process in processes:
            process.start()
        yield processes
    finally:
        for process in processes:
            process.ask_to_stop()
        for process in processes:
            process.stop()


def wait_for_more(clients: Sequence[ClientProcess], more: int) -> None:
    """Until each has had so many more writes acknowledged."""
    before = [client.count for client in clients]

    def all_have() -> bool:
        if any(client.ended() is not None for client in clients):
            raise RuntimeError("a client ended by itself; its log and its error say why")
        return all(c.count >= n + more for c, n in zip(clients, before, strict=True))

    try:
        what = "every client's writes are acknowledged"
        wait_until(all_have, what, most_s=_ACKNOWLEDGED_S, step_s=0.05)
    except TimeoutError as error:
        errors = [f"{c.client.name}: {c.client.book.errors[-3:]}" for c in clients]
        counts = [c.count for c in clients]
        raise TimeoutError("\n".join([f"{error}: {before} {counts}", *errors])) from None
