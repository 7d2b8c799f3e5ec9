"""Homes of their own for the command line's tests, and what runs in them ended at the end."""

import asyncio
import gc
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.servers import wait_until
from tests.services import UNWATCHED
from thoughtstream.config import Settings
from thoughtstream.faces.cli import main
from thoughtstream.home.embedded_redis import EmbeddedRedis
from thoughtstream.home.process_lock import ProcessLock

PROGRAM = [sys.executable, "-m", "thoughtstream.faces.cli"]
_SETTINGS = ("THOUGHTSTREAM_", "REDIS_", "NOTIFY_SOCKET", "XDG_DATA_HOME")


@dataclass
class Terminal:
    """Runs `thoughtstream` as a person would, in one home."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)
    directory: Path | None = None
    """Where its commands work; by default where the tests do."""

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS)}
        own = {"THOUGHTSTREAM_HOME": str(self.home), "COLUMNS": "120", "TERM": "dumb"} | UNWATCHED
        return kept | own | self.env

    def run(self, *words: str, stdin: str | bytes = "") -> subprocess.CompletedProcess[str]:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*PROGRAM, *words], input=given, capture_output=True, env=self.environment(),
            cwd=self.directory, timeout=90,
        )  # fmt: skip
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """As `run`, but in this process, which is quicker."""
        out, errors = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment(), clear=True),
            patch.object(sys, "argv", ["thoughtstream", *words]),
            redirect_stdout(out),
            redirect_stderr(errors),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        gc.unfreeze()  # this process goes on, and has garbage of its own
        code = ended.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(words, code, out.getvalue(), errors.getvalue())

    def json(self, *words: str, code: int = 0) -> Any:
        """The one JSON value that a command prints, which must end with this code."""
        done = self.call(*words, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def up(self, *words: str) -> Any:
        """Starts the service in the background."""
        done = self.run("up", "--detach", *words, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    def feed(self, *words: str, stdin: str | bytes, code: int = 0) -> Any:
        """What `feed -` answers when it is given this."""
        done = self.run("feed", "-", *words, "--json", stdin=stdin)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that goes on running; the caller ends it."""
        return subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.directory,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def settings(self) -> Settings:
        return Settings(home=self.home)

    def pid_of(self, name: str) -> int:
        """The process of `service` or `redis` in this home."""
        process = ProcessLock(self.home, name).process()
        assert process is not None, f"no {name} runs in {self.home}"
        return process.pid

    def kill(self, name: str) -> None:
        """kill -9, and wait until the kernel has ended it."""
        lock, pid = ProcessLock(self.home, name), self.pid_of(name)
        os.kill(pid, signal.SIGKILL)
        wait_until(  # for this one: the service brings Redis back at once
            lambda: (now := lock.process()) is None or now.pid != pid, f"{name} is dead"
        )

    def clean_up(self) -> None:
        service = ProcessLock(self.home, "service").process()
        if service is not None:
            service.kill()
            service.wait(30)
        asyncio.run(EmbeddedRedis(self.settings).stop())


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in a new home; nothing that was started in it is left running."""
    terminal = Terminal(tmp_path / "home")
    yield terminal
    terminal.clean_up()


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A terminal whose home has a service running, for a module's tests to share."""
    terminal = Terminal(tmp_path_factory.mktemp("living") / "home")
    terminal.up()
    yield terminal
    terminal.clean_up()
