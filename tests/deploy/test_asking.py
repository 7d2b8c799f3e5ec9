"""A password that nobody can be asked for, and one that sudo can't be told as usual."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.asking import ASKPASS

ROOT = Path(__file__).parents[2]
INVENTORY = """
from deploy.settings import stack
hosts = [('@local', {'stack': stack(runtime='native'), '_sudo': True})]
"""


def script(path: Path, *lines: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def test_a_sudo_password_that_nobody_can_be_asked_for(tmp_path: Path) -> None:
    script(tmp_path / "bin/sudo", "echo 'sudo: a password is required' >&2", "exit 1")
    inventory = tmp_path / "inventory.py"
    inventory.write_text(INVENTORY)
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "-y", str(inventory), "deploy.stack"],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        start_new_session=True, env=os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert (
        "[@local] sudo password: there is no terminal to ask for it; give _sudo_pa" in done.stderr
    )


def test_a_pipe_will_do_as_long_as_it_has_something() -> None:
    key = "Enter password for private key: id: "
    program = f"from deploy.asking import ask; print(ask('sudo password: ')); ask({key!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], input="secret\n", cwd=ROOT, text=True,
        start_new_session=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout == "secret\n"
    assert "key: id: there is no terminal to ask for it; give ssh_key_password" in done.stderr


def askpass(first: Path, home: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{path}{os.environ['PATH']}", "HOME": str(home)}
    return subprocess.run(
        ["sh", "-c", ASKPASS.format(first, "PYINFRA_SUDO_PASSWORD")],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Where temporary files go, and a home."""
    folders = tmp_path / "tmp", tmp_path / "home"
    for folder in folders:
        folder.mkdir()
    return folders


def lets_nothing_run(folders: tuple[Path, ...], path: Path) -> str:
    """As where a file system is `noexec`: a PATH whose chmod makes nothing there a program."""
    cases = "|".join(f"{folder}/*" for folder in folders)
    script(path / "chmod", f'case "$2" in {cases}) exit;; esac', 'exec /bin/chmod "$@"')
    return f"{path}:"


@pytest.mark.parametrize("noexec", [False, True])
def test_sudo_is_told_the_password_where_programs_run(
    folders: tuple[Path, Path], tmp_path: Path, *, noexec: bool
) -> None:
    first, home = folders
    path = lets_nothing_run((first,), tmp_path / "bin") if noexec else ""
    program = Path(askpass(first, home, path).stdout.strip())
    assert program.parent == (home if noexec else first)
    said = subprocess.run([program], env={"PYINFRA_SUDO_PASSWORD": "a b"}, capture_output=True)
    assert said.stdout == b"a b\n"
    assert len([*first.iterdir(), *home.iterdir()]) == 1


def test_where_no_program_runs_that_is_said(folders: tuple[Path, Path], tmp_path: Path) -> None:
    done = askpass(*folders, lets_nothing_run(folders, tmp_path / "bin"))
    assert done.returncode == 1 and "(noexec); let sudo need no password" in done.stderr
    assert [file for folder in folders for file in folder.iterdir()] == []
