"""What the page on what agents learn shows works as it stands there."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.docs.test_readme import blocks
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

PAGE = "service/INFERENCE.md"


def test_its_commands_and_programs_work(server: RedisServer, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url})
    [shell] = blocks("sh", PAGE)
    for line in shell.splitlines():
        done = terminal.call(*shlex.split(line, comments=True)[1:])
        assert done.returncode == 0, done.stderr
    learns, chooses = [
        subprocess.run(
            [sys.executable, "-c", code], env=terminal.environment(), capture_output=True,
            text=True, timeout=60,
        )
        for code in blocks("python", PAGE)
    ]  # fmt: skip
    assert "value: is -1; the basal prior allows 0 to inf" in learns.stdout, learns.stderr
    assert chooses.stdout.split() == ["1", "0"], chooses.stderr
