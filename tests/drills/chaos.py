"""What goes wrong in a drill: one thing after the other, at random, each counted."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

_FREEZE_S = (0.5, 6.0)

Move = Callable[[], object]
"""Breaks something; False if there was nothing to break."""


class Chaos:
    """Moves by name, each with its weight; `settle` is called before each, and at the end."""

    def __init__(
        self,
        chance: random.Random,
        moves: Mapping[str, tuple[int, Move]],
        settle: Callable[[], object],
        pause_s: tuple[float, float],
    ) -> None:
        self.done: Counter[str] = Counter()
        self._chance = chance
        self._moves = moves
        self._settle = settle
        self._pause_s = pause_s

    def run(self, seconds: float) -> None:
        """For so long; then everything is up."""
        end = time.monotonic() + seconds
        weights = [weight for weight, _ in self._moves.values()]
        while time.monotonic() < end:
            time.sleep(self._chance.uniform(*self._pause_s))
            self._settle()
            [name] = self._chance.choices(list(self._moves), weights)
            _, move = self._moves[name]
            self.done[name] += move() is not False
        self._settle()


class Killable(Protocol):
    """A process: a service, a client, a worker."""

    def start(self) -> object: ...
    def wait_until_ready(self) -> object: ...
    def ended(self) -> int | None: ...
    def send(self, number: signal.Signals) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> int: ...


P = TypeVar("P", bound=Killable)


class Pool(Generic[P]):
    """Processes of one kind, which are killed, frozen and restarted, and back a moment later.

    `wrong` has what none of them was meant to do.
    """

    def __init__(self, what: str, processes: Sequence[P], chance: random.Random) -> None:
        self.wrong: list[str] = []
        self._what = what
        self._processes = processes
        self._chance = chance
        self._frozen: dict[P, float] = {}

    def start(self) -> None:
        """Start all of them."""
        for process in self._processes:
            process.start()

    def wait_until_ready(self) -> None:
        """Until all are, the frozen ones as well."""
        self._thaw(float("inf"))
        self.look_after()
        for process in self._processes:
            process.wait_until_ready()

    def look_after(self) -> None:
        """Have those back that were frozen for long enough, or ended by themselves."""
        self._thaw(time.monotonic())
        for process in self._processes:
            code = process.ended()
            if code is not None:
                self.wrong.append(f"a {self._what} ended by itself, with {code}")
                process.start()

    def stop(self) -> None:
        """As an operator does."""
        self.look_after()
        for process in self._processes:
            code = process.stop()
            if code:
                self.wrong.append(f"a {self._what} that was stopped ended with {code}")

    def end(self) -> None:
        """Leave nothing running, whatever happened."""
        for process in self._processes:
            process.kill()

    def kill(self) -> None:
        """kill -9 of any, also of a frozen one."""
        process = self._chance.choice(self._processes)
        self._frozen.pop(process, None)
        process.kill()
        process.start()

    def restart(self) -> bool:
        """As an operator does."""
        process = self._chance.choice(self._processes)
        if process in self._frozen:
            return False
        code = process.stop()
        if code not in (0, -signal.SIGTERM):  # ended by the signal: it was still starting
            self.wrong.append(f"a {self._what} that was restarted ended with {code}")
        process.start()
        return True

    def freeze(self) -> bool:
        """It sleeps past its lease, and goes on where it was."""
        process = self._chance.choice(self._processes)
        if process in self._frozen:
            return False
        process.send(signal.SIGSTOP)
        self._frozen[process] = time.monotonic() + self._chance.uniform(*_FREEZE_S)
        return True

    def _thaw(self, now: float) -> None:
        for process in [p for p, until in self._frozen.items() if until <= now]:
            del self._frozen[process]
            process.send(signal.SIGCONT)
