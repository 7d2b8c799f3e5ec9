"""`thoughtstream work`: real workers, stopped, killed and started anew."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until

pytestmark = pytest.mark.slow

MODULE = """
import asyncio, os, time
from pathlib import Path
from thoughtstream import TaskQueue

chores = TaskQueue("{x} chores")
number, empty = 7, TaskQueue("empty")

@chores.task
async def double(number: int) -> int:
    return 2 * number

@chores.task
async def until_there(file: str) -> int:
    Path(file + ".began").touch()
    while not Path(file).exists():
        await asyncio.sleep(0.01)
    return os.getpid()

@chores.task
def for_ever(file: str) -> None:
    Path(file + ".began").touch()
    while True:
        time.sleep(1)
"""
QUEUE = "{x} chores"


class Workshop:
    """A directory with a module of tasks, and the workers that were started there."""

    def __init__(self, terminal: Terminal, directory: Path) -> None:
        self.terminal = terminal
        self.directory = directory
        self.module = directory / "chores_of_a_test.py"
        self.module.write_text(MODULE)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """A worker that is ready."""
        worker = self.terminal.start("work", "chores_of_a_test:chores", *words, "--json")
        self.started.append(worker)
        assert worker.stdout is not None
        ready = json.loads(worker.stdout.readline())
        assert ready["queue"] == QUEUE and "double" in ready["tasks"]
        return worker

    def submit(self, task: str, *args: Any, code: int = 0, more: tuple[str, ...] = ()) -> Any:
        payload = json.dumps({"task": task, "args": args})
        return self.terminal.json("tasks", "submit", QUEUE, payload, *more, code=code)

    def state(self, id_: str) -> Any:
        return self.terminal.json("tasks", "show", QUEUE, id_)

    def audit(self) -> Any:
        return self.terminal.json("tasks", "audit", QUEUE)

    def begin(self, task: str) -> tuple[str, Path]:
        """A task that a worker has begun, and the file that it waits for."""
        file = self.directory / f"{task}-{len(list(self.directory.iterdir()))}"
        id_ = self.submit(task, str(file))["id"]
        wait_until(Path(f"{file}.began").exists, "a worker has begun")
        return id_, file

    def kill(self) -> None:
        for worker in self.started:
            if worker.poll() is None:
                for child in psutil.Process(worker.pid).children():
                    child.kill()
            worker.kill()
            worker.communicate()


@pytest.fixture
def workshop(terminal: Terminal, server: RedisServer, tmp_path: Path) -> Iterator[Workshop]:
    terminal.env["REDIS_URL"] = server.url
    terminal.env["THOUGHTSTREAM_QUEUE__LEASE_S"] = "2"
    terminal.directory = tmp_path
    workshop = Workshop(terminal, tmp_path)
    yield workshop
    workshop.kill()


def test_a_worker_runs_what_is_submitted_and_wait_prints_the_result(workshop: Workshop) -> None:
    workshop.start()
    done = workshop.submit("double", 21, more=("--wait",))
    assert (done["state"], done["result"]) == ("completed", 42)
    failed = workshop.submit("sing", code=1, more=("--wait", "--attempts", "1"))
    assert failed["state"] == "failed"
    assert "it has: double, until_there, for_ever" in failed["reason"]
    audit = workshop.audit()
    assert (audit["completed"], audit["dead"], audit["balanced"]) == (1, 1, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_lets_what_runs_end_and_claims_nothing(
    workshop: Workshop, number: signal.Signals
) -> None:
    worker = workshop.start()
    running, file = workshop.begin("until_there")
    worker.send_signal(number)
    wait_until(lambda: workshop.audit()["idle_workers"] == 0, "it no longer listens")
    second = workshop.submit("double", 1)["id"]
    file.touch()
    _, errors = worker.communicate(timeout=20)
    assert worker.returncode == 0 and "worker.stopped" in errors
    assert workshop.state(running)["result"] == worker.pid
    assert workshop.state(second)["state"] == "submitted"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_the_second_signal_ends_it_at_once(
    workshop: Workshop, number: signal.Signals, code: int
) -> None:
    worker = workshop.start()
    workshop.begin("for_ever")
    worker.send_signal(number)
    wait_until(lambda: workshop.audit()["idle_workers"] == 0, "it is stopping")
    assert worker.poll() is None
    worker.send_signal(number)
    assert worker.wait(5) == code


def test_what_a_killed_worker_held_is_finished_by_another(workshop: Workshop) -> None:
    first = workshop.start()
    id_, file = workshop.begin("until_there")
    first.kill()
    first.wait()
    second = workshop.start()
    file.touch()
    wait_until(lambda: workshop.state(id_)["state"] == "completed", "the other finished it")
    assert workshop.state(id_)["result"] == second.pid
    audit = workshop.audit()
    assert (audit["completed"], audit["returned"], audit["balanced"]) == (1, 1, True)


def test_a_change_of_the_code_is_taken_up(workshop: Workshop) -> None:
    worker = workshop.start("--reload")
    assert workshop.submit("double", 21, more=("--wait",))["result"] == 42
    workshop.module.write_text(MODULE.replace("2 * number", "3 * number"))
    wait_until(
        lambda: workshop.submit("double", 1, more=("--wait",))["result"] == 3, "the new code runs"
    )
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    assert workshop.audit()["idle_workers"] == 0, "the process that it started has ended, too"


@pytest.mark.parametrize("task", [None, "for_ever"])
def test_the_worker_ends_when_who_reloads_it_is_killed(
    workshop: Workshop, task: str | None
) -> None:
    reloader = workshop.start("--reload")
    [worker] = psutil.Process(reloader.pid).children()
    try:
        if task:
            workshop.begin(task)
        reloader.kill()
        reloader.wait()
        assert not psutil.wait_procs([worker], timeout=30)[1], "it has outlived its parent"
    finally:
        if worker.is_running():
            worker.kill()


def test_without_watchfiles_reload_says_what_to_install(workshop: Workshop) -> None:
    (workshop.directory / "watchfiles.py").write_text("raise ImportError")
    workshop.terminal.env["PYTHONPATH"] = str(workshop.directory)
    done = workshop.terminal.run("work", "chores_of_a_test:chores", "--reload", "--json")
    assert done.returncode == 1
    assert "install thoughtstream[reload]" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("chores_of_a_test", 2, "MODULE:QUEUE: is"),
        ("chores_of_a_test:", 2, "MODULE:QUEUE: is"),
        ("nowhere:chores", 1, "nowhere: there is no module 'nowhere' in {here}"),
        ("chores_of_a_test.deeper:x", 1, "there is no module 'chores_of_a_test.deeper' in"),
        ("chores_of_a_test:chore", 1, "has no 'chore'; its queues are: chores, empty"),
        ("chores_of_a_test:number", 1, "has a int, no TaskQueue, 'number'; its queues are"),
        ("chores_of_a_test:empty", 1, "has no tasks; write @empty.task above a function"),
        ("broken:x", 1, "broken: can't be imported: ZeroDivisionError: division by zero ({here}"),
        ("needy:x", 1, "needy: can't be imported: ModuleNotFoundError: No module named 'nobody'"),
        ("garbled:x", 1, "garbled: can't be imported: SyntaxError"),
    ],
)
def test_a_bad_module_is_named_with_the_cure(
    workshop: Workshop, target: str, code: int, said: str
) -> None:
    for name, text in (("broken", "1 / 0"), ("needy", "import nobody"), ("garbled", "def")):
        (workshop.directory / f"{name}.py").write_text(text)
    done = workshop.terminal.run("work", target, "--json")
    error = json.loads(done.stdout)["error"]
    assert done.returncode == code
    assert said.format(here=os.path.realpath(workshop.directory)) in error, error
    assert "\n" not in error


def test_the_installed_command_finds_a_module_in_the_working_directory(workshop: Workshop) -> None:
    """`python -m`, as other tests start it, has that directory on its path by itself."""
    program = Path(sys.executable).with_name("thoughtstream")
    done = subprocess.run(
        [program, "work", "chores_of_a_test:empty"],
        cwd=workshop.directory, env=workshop.terminal.environment(), capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert "has no tasks" in done.stderr
