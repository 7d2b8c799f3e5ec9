"""What an operator runs on the control machine: pyinfra, and the verification of hosts."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_S = 300
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    """What a command did: exit code, standard output and error."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0

    @property
    def report(self) -> dict[str, Any]:
        """pyinfra's JSON: `plan`, and `results` (None after a dry run)."""
        report: dict[str, Any] = json.loads(self.out)
        return report

    @property
    def changed(self) -> bool:
        """Whether an operation changed a host."""
        return self._total("success") > 0

    @property
    def plan(self) -> list[str]:
        """The steps that it announced, in order."""
        lines = (line.partition(" Plan ")[2] for line in self.err.splitlines())
        return [line.partition(": ")[2] for line in lines if line]

    def _total(self, count: str) -> int:
        return int(self.report["results"]["totals"][count])


def pyinfra(inventory: Path, *operations: str, dry: bool = False, check: bool = True) -> Done:
    """Runs `pyinfra INVENTORY OPERATIONS…` from the top of the project, as an operator does.

    Raises:
        RuntimeError: it failed, and `check` is set; the message has what it printed.
    """
    mode = "--dry" if dry else "--yes"
    program = [sys.executable, "-m", "pyinfra", mode, "--json"]
    return _run([*program, str(inventory), *operations], check=check)


class Begun:
    """`pyinfra INVENTORY OPERATIONS…` that runs; in a group of its own, as a terminal's job is."""

    def __init__(self, inventory: Path, *operations: str) -> None:
        self._said = inventory.with_suffix(".said")
        with self._said.open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pyinfra", "--yes", str(inventory), *operations],
                cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip

    @property
    def ended(self) -> bool:
        """Whether it has."""
        return self.process.poll() is not None

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return self._said.read_text()

    def press_ctrl_c(self) -> None:
        """Once."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> Done:
        """Waits for its end; kills it if that doesn't come."""
        try:
            code = self.process.wait(_MOST_S)
        finally:
            self.process.kill()
        return Done(code, self.said, "")


def verify(inventory: Path, *arguments: str, check: bool = True) -> Done:
    """Runs the verification (`pytest tests/hosts`) against the hosts of an inventory."""
    program = [sys.executable, "-m", "pytest", "tests/hosts", "--inventory", str(inventory)]
    return _run([*program, *arguments], check=check)


def _run(command: list[str], *, check: bool) -> Done:
    ran = subprocess.run(
        command, cwd=_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    done = Done(ran.returncode, ran.stdout, ran.stderr)
    if check and not done.ok:
        raise RuntimeError(f"{command}: exit {done.code}\n{done.out[-8000:]}\n{done.err[-8000:]}")
    return done
