"""Running a command in a process of its own, anew whenever a Python file changes."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from thoughtstream.faces.cli import exit_codes, signals

_LOOK_MS = 500

log = structlog.get_logger()


def run(command: list[str]) -> int:
    """Run it until a signal, which is passed on to it; returns its exit code.

    Raises:
        Failed: the library that watches files is missing.
    """
    try:
        from watchfiles import PythonFilter, watch
    except ImportError:
        raise exit_codes.Failed(
            "--reload: needs the library watchfiles; install thoughtstream[reload]"
        ) from None
    stop = threading.Event()
    child = _start(command)

    def pass_on(number: int) -> None:
        stop.set()
        if child.poll() is None:
            child.send_signal(number)

    signals.stop_on(pass_on, at_once=pass_on)
    ended = False
    for changes in watch(
        Path.cwd(), watch_filter=PythonFilter(), stop_event=stop, rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
    ):  # fmt: skip
        if changes:
            log.info("worker.reloading", changed=sorted({path for _, path in changes}))
            _end(child)
            child, ended = _start(command), False
        elif child.poll() is not None and not ended:
            ended = True
            log.warning("worker.ended", code=child.returncode, next="waits for a change")
    return child.wait()


def _start(command: list[str]) -> "subprocess.Popen[bytes]":
    """In a process group of its own: Ctrl-C reaches it once, through us. If we are killed, its end
    of the tether tells it.
    """
    program = [sys.executable, "-m", "thoughtstream.faces.cli.tethered", *command]
    # Python takes a file that changed within a second, and is as long, for what it has compiled.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(program, stdin=subprocess.PIPE, process_group=0, env=environment)


def _end(child: "subprocess.Popen[bytes]") -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(signals.PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.terminate()
            child.wait()
