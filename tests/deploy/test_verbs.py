"""What is said before anything is done: a mistyped verb, one that one server can't have, and a
removal that names no host. On the `@fake` connector, and in the shell commands themselves.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.before import RECORD, remember, remember_kernel
from deploy.layout import HomeLayout
from deploy.operations.gates import Succeeds
from deploy.removal.remains import remains
from deploy.runtimes import server_runtime_of
from deploy.runtimes.embedded import Embedded
from deploy.settings import stack

from .facts import DEBIAN, MAC

ROOT = Path(__file__).parents[2]
INVENTORY = """
from deploy.settings import stack

claim = '{"runtime": "docker", "stack": "server", "port": 6379, "inventory": "inventory.py"}'
hosts = [("@fake/one", {"stack": stack(runtime="native"), "fake_delay": 0,
                        "fake_responses": {"claim.json": f"file {claim}"}})]
"""
SAID = [
    (["deploy.stac"], "did you mean deploy.stack?\n  there are: add_node, backup, failover_drill,"),
    (["deploy.failover_drill"], "its only Redis has no other that could take over"),
    (["deploy.remove_node", "host=x"], "deploy.remove takes it away"),
    (["deploy.remove", "data=all"], "data: is 'all'; say keep or erase"),
    (["deploy.remove", "confirm=two"], "confirm: names two, and the run is on @fake/one"),
    (["deploy.remove"], "deploy.remove: runtime: is 'native', and this host's mind is in 'docker'"),
    (["deploy.backup"], "deploy.backup: runtime: is 'native', and this host's mind is in 'docker'"),
    (["deploy.restart"], "deploy.restart: runtime: is 'native', and this host's mind is in"),
    (["deploy.status", "json=maybe"], "json: is 'maybe'; say yes or no"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "said"), SAID, ids=[" ".join(verb) for verb, _ in SAID])
def test_what_can_not_be_done_is_said(verb: list[str], said: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text(INVENTORY)

    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "-y", str(inventory), *verb],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


HOME = HomeLayout("/home/ana/mind", "/usr/bin/thoughtstream", "/home/ana/units", "")
RUNTIMES = [
    server_runtime_of(stack(runtime="native"), DEBIAN),
    server_runtime_of(stack(), DEBIAN),
    server_runtime_of(stack(runtime="native"), MAC),
    server_runtime_of(stack(), MAC),
    Embedded(stack(runtime="embedded"), DEBIAN, HOME),
]
KINDS = ["linux-native", "linux-docker", "mac-native", "mac-docker", "embedded"]


@pytest.mark.parametrize("runtime", RUNTIMES, ids=KINDS)
def test_the_data_goes_only_where_it_is_to_be_erased(runtime: object) -> None:
    kept = [each.what for each in remains(runtime, erase=False)]  # type: ignore[arg-type]
    erased = [each.what for each in remains(runtime, erase=True)]  # type: ignore[arg-type]

    assert set(kept) < set(erased)
    assert not any("ERASE" in what for what in kept)
    assert any("ERASE" in what for what in erased)


@pytest.mark.parametrize("runtime", RUNTIMES, ids=KINDS)
def test_every_command_is_one_that_a_shell_can_read(runtime: object) -> None:
    for each in remains(runtime, erase=True):  # type: ignore[arg-type]
        for command in (each.found, each.gone):
            subprocess.run(["sh", "-n", "-c", command], check=True)


def test_what_was_there_before_is_noted_once(tmp_path: Path) -> None:
    record = tmp_path / "before"
    for command in (remember("pulled redis:8.2"), remember_kernel()) * 2:
        here = command.replace(RECORD, str(record))
        subprocess.run(["sh", "-c", here], check=False)

    lines = record.read_text().splitlines()
    assert lines.count("# pulled redis:8.2") == 1
    assert sum(line.startswith("vm.overcommit_memory") for line in lines) == 1


def test_images_go_also_where_somebody_has_removed_one_of_them(tmp_path: Path) -> None:
    inspects = '[ "$1 $2" != "image inspect" ] || case "$*" in *older*|*inspect) exit 1;; esac'
    (tmp_path / "docker").write_text(f"#!/bin/sh\n{inspects}\n")
    (tmp_path / "docker").chmod(0o755)
    record = tmp_path / "before"
    (images,) = (r for r in remains(RUNTIMES[1], erase=False) if "its images" in r.what)

    def is_found(*pulled: str) -> bool:
        record.write_text("".join(f"# pulled {name}\n" for name in pulled))
        command = Succeeds().command(images.found).replace(RECORD, str(record))
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        done = subprocess.run(["sh", "-c", command], env=env, stdout=subprocess.PIPE, check=True)
        return Succeeds().process(done.stdout.decode().split())

    assert is_found("redis:8.2")
    assert is_found("redis:older", "redis:8.2")
    assert not is_found("redis:older")
    assert not is_found()
