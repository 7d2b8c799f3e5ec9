"""The worker and the commands of the section on coordination work as they stand there."""

import shlex
from pathlib import Path

from tests.cli.conftest import Terminal
from tests.docs.test_readme import blocks
from tests.servers import RedisServer


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
