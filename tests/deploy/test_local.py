"""`pyinfra inventories/local.py deploy.stack`: a mind of one's own on this very machine."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.services import UNWATCHED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
_SETTINGS = ("THOUGHTSTREAM_", "REDIS_", "XDG_RUNTIME_DIR", "DBUS_")


@dataclass
class Person:
    """Somebody at this machine, with a home directory of their own and nothing else."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_SETTINGS)}
        return kept | UNWATCHED | {"THOUGHTSTREAM_HOME": str(self.home)} | self.env

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def deploy(self, inventory: str = "inventories/local.py") -> dict[str, Any]:
        pyinfra = [sys.executable, "-m", "pyinfra", "-y", "--json"]
        done = self.run(*pyinfra, inventory, "deploy.stack")
        report: dict[str, Any] = json.loads(done.stdout) | {"said": done.stderr}
        return report

    def thoughtstream(self, *arguments: str) -> Any:
        program = [sys.executable, "-m", "thoughtstream.faces.cli"]
        return json.loads(self.run(*program, *arguments, "--json").stdout)


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    someone = Person(tmp_path / "mind")
    yield someone
    someone.env.clear()
    someone.thoughtstream("down")


def test_first_time_and_again(person: Person) -> None:
    first = person.deploy()

    assert first["results"]["totals"]["error"] == 0
    assert str(person.home) in first["said"]
    assert "uv run thoughtstream open" in first["said"]
    changed = [one["name"] for one in first["results"]["operations"] if one["success"]]
    assert changed == re.findall(r"Plan \d/\d: (.*?) *\n", first["said"])
    status = person.thoughtstream("status")
    assert status["service"]["alive"]
    assert status["redis"]["url"].startswith("unix://")

    totals = person.deploy()["results"]["totals"]
    assert (totals["success"], totals["error"]) == (0, 0)
    assert person.thoughtstream("status")["service"]["pid"] == status["service"]["pid"]


def test_new_settings_start_it_anew_and_lose_nothing(person: Person, tmp_path: Path) -> None:
    person.deploy()
    pid = person.thoughtstream("status")["service"]["pid"]
    thought = person.thoughtstream("think", "a kettle", "--window", "reasoning")["id"]
    inventory = tmp_path / "other.py"
    inventory.write_text(
        "from deploy.settings import stack\n"
        "settings = {'streams': {'forget_threshold': 0.2}}\n"
        "hosts = [('@local', {'stack': stack(runtime='embedded', service=settings)})]\n"
    )

    report = person.deploy(str(inventory))

    assert report["results"]["totals"]["success"] > 0
    assert person.thoughtstream("status")["service"]["pid"] != pid
    assert "forget_threshold = 0.2" in (person.home / "thoughtstream.toml").read_text()
    audit = person.thoughtstream("audit")
    assert audit["balanced"]
    assert (audit["adopted"], thought.endswith("@reasoning")) == (1, True)


def test_it_is_restarted_and_removed_and_what_is_left_is_started_again(person: Person) -> None:
    person.deploy()
    pid = person.thoughtstream("status")["service"]["pid"]
    verb = [sys.executable, "-m", "pyinfra", "-y", "inventories/local.py"]
    person.run(*verb, "deploy.restart")
    assert person.thoughtstream("status")["service"]["pid"] != pid
    person.run(*verb, "deploy.remove", "confirm=@local")
    assert (person.home / "thoughtstream.toml").exists()

    report = person.deploy()

    assert "start the mind" in report["said"]
    assert person.thoughtstream("status")["service"]["alive"]


def test_another_redis_in_the_environment_is_refused(person: Person) -> None:
    person.env["REDIS_URL"] = "redis://127.0.0.1:1/0"

    pyinfra = [sys.executable, "-m", "pyinfra", "-y", "inventories/local.py", "deploy.stack"]
    done = person.run(*pyinfra, check=False)

    assert done.returncode == 1
    assert "facts.embedded.url: the environment names another Redis" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (person.home / "thoughtstream.toml").exists()


def test_a_dry_run_changes_nothing(person: Person) -> None:
    pyinfra = [sys.executable, "-m", "pyinfra", "--dry", "inventories/local.py", "deploy.stack"]
    done = person.run(*pyinfra)

    assert "Plan 1/3: create directory" in done.stderr
    assert "Plan 3/3: start the mind" in done.stderr
    assert not person.home.exists()


def test_inventories_can_be_read() -> None:
    for inventory in sorted((ROOT / "inventories").glob("*.py")):
        command = [sys.executable, "-m", "pyinfra", "--json", str(inventory), "debug-inventory"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        runtimes = {host["data"]["stack"]["runtime"] for host in json.loads(done.stdout)}
        assert runtimes and runtimes <= {"embedded", "docker", "native"}
