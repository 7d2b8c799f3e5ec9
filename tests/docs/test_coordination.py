"""What the section on coordination shows works as it stands there."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.docs.test_readme import blocks
from tests.servers import RedisServer

pytestmark = pytest.mark.slow


def test_the_worker_and_the_commands_work(server: RedisServer, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url}, directory=tmp_path)
    [module] = [code for code in blocks("python", "service/README.md") if "TaskQueue(" in code]
    [shell] = [code for code in blocks("sh", "service/README.md") if "tasks submit" in code]
    (tmp_path / "chores.py").write_text(module)
    commands = [shlex.split(line, comments=True)[1:] for line in shell.splitlines()]
    worker = terminal.start(*commands[0])
    try:
        said = [terminal.run(*command) for command in commands[1:]]
    finally:
        worker.terminate()
        worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert [done.returncode for done in said] == [0] * len(said), said
    assert "hello Ana" in said[0].stdout
    assert "bob the build is green" in said[4].stdout


def test_what_it_shows_without_async_works(server: RedisServer, tmp_path: Path) -> None:
    [code] = [code for code in blocks("python", "service/README.md") if "sync import" in code]
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url})
    done = subprocess.run(
        [sys.executable, "-c", code], env=terminal.environment(), capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    memory, fence = done.stdout.splitlines()
    assert memory == "tea needs four minutes" and int(fence) > 0
