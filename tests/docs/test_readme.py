"""The READMEs say what is true: their commands are run, or are those that another test runs."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from thoughtstream.config import Settings
from thoughtstream.faces.cli.app import app

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)

INSTALL = "tests/docs/test_install.py"
CLUSTER = "tests/rollouts/test_cluster_create.py"
ELSEWHERE = {
    "tests/run": ".ci/run",
    "pip install '.[embedded]'": INSTALL,
    "thoughtstream --version": INSTALL,
    "REDIS_URL=redis://localhost:6379 thoughtstream up": INSTALL,
    "uv run pyinfra --dry inventories/macmini.py deploy.stack": "tests/rollouts/test_stack.py",
    "uv run pyinfra -y inventories/macmini.py deploy.stack": "tests/rollouts/test_stack.py",
    "uv run pyinfra -y inventories/macmini.py deploy.status": "tests/rollouts/test_stack.py",
    "uv run pytest tests/hosts --inventory inventories/macmini.py": "tests/lab/control.py",
    "uv run pyinfra --dry inventories/cluster.py deploy.stack": CLUSTER,
    "uv run pyinfra -y inventories/cluster.py deploy.stack": CLUSTER,
    "uv run pytest tests/hosts --inventory inventories/cluster.py": "tests/lab/control.py",
    "uv run pyinfra -y inventories/cluster.py deploy.restart": (
        "tests/rollouts/test_rollouts_lose_nothing.py"
    ),
}
"""Commands that are not run here, and the file whose run runs them."""


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text()
    return [code for found, code in BLOCK.findall(text) if found == language]


def commands() -> list[str]:
    lines = [line for code in blocks("sh") for line in code.splitlines()]
    return [line.partition("  #")[0].strip() for line in lines]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A newcomer's: a home with nothing in it, and no setting of ours."""
    home = tmp_path_factory.mktemp("newcomer")
    ours = ("THOUGHTSTREAM_", "REDIS_", "XDG_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    cache = os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
    environment = kept | {"HOME": str(home), "UV_CACHE_DIR": cache, "BROWSER": "true"}
    yield environment
    subprocess.run(["uv", "run", "thoughtstream", "down"], cwd=ROOT, env=environment, check=False)


def run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_every_command_of_the_readme_works_in_its_order(environment: dict[str, str]) -> None:
    done = []
    for command in commands():
        if command in ELSEWHERE:
            assert (ROOT / ELSEWHERE[command]).exists()
            continue
        output = run(command.removeprefix("pip install uv && "), environment)
        done.append(command)
        if "recall" in command:
            assert "kettle" in output or "5 seconds" in output
        if "audit" in command:
            assert "balanced" in output
        if command.endswith("open"):
            assert re.search(r"http://localhost:\d+/#token=ts_\w+", output)
    assert len(done) == 13


def test_the_api_of_the_readme_works(environment: dict[str, str]) -> None:
    run("uv run thoughtstream up --detach", environment)
    [code] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-"], input=code, env=environment, capture_output=True, text=True,
        timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Anna is allergic to peanuts 0.8" in done.stdout
    assert "tea needs four minutes" in done.stdout


def test_the_settings_of_the_service_page_are_settings() -> None:
    [text] = blocks("toml", "service/README.md")
    assert Settings(**tomllib.loads(text)).streams.cycle_target_ms == 50


def test_every_page_that_is_linked_is_there() -> None:
    own = "service/thoughtstream/coordination/README.md"
    for page in (
        "README.md",
        "service/README.md",
        "service/COLONY.md",
        "tests/README.md",
        "deploy/README.md",
        own,
    ):
        path = ROOT / page
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (path.parent / target).exists(), f"{page} links to {target}"


def test_the_commands_for_each_symptom_exist() -> None:
    text = (ROOT / "deploy/README.md").read_text()
    section = text.partition("## It is down: do this")[2].partition("\n## ")[0]
    rows = [row.split("|")[2] for row in section.splitlines() if row.startswith("| ")][1:]
    known = {command.name or "": command for command in get_command(app).commands.values()}  # type: ignore[attr-defined]
    for name, options in re.findall(r"`thoughtstream (\w+)([^`]*)`", " ".join(rows)):
        offered = {option for one in known[name].params for option in one.opts}
        assert set(re.findall(r"--\w+", options)) <= offered, f"thoughtstream {name}{options}"
    verbs = (ROOT / "deploy/__init__.py").read_text()
    for verb in re.findall(r"`deploy\.(\w+)", " ".join(rows)):
        assert f"\ndef {verb}(" in verbs
