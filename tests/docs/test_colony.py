"""What the page of the colony shows works, in its order."""

import shlex
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.docs.test_readme import blocks
from tests.servers import WHEEL, RedisServer, programs

pytestmark = pytest.mark.slow

CHATS = Path(__file__).parents[1] / "bench" / "chats"


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    server = RedisServer(programs()[WHEEL], tmp_path).start()
    for name, chat in (("one", "english"), ("other", "german")):
        shutil.copy(CHATS / f"{chat}.json", tmp_path / f"{name}.json")
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url}, directory=tmp_path)
    [shell] = blocks("sh", "service/COLONY.md")
    try:
        for line in shell.splitlines():
            done = terminal.run(*shlex.split(line, comments=True)[1:])
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    finally:
        server.stop()
