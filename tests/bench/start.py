"""What it costs to start the command line: CPU time, in ratio to `python -c pass`.

    uv run python -m tests.bench.start

`status` and `think` work on the home in THOUGHTSTREAM_HOME, where a service has to run.
"""

import os
import resource
import subprocess
import sys

from rich.console import Console

_TIMES = 9
_COMPLETE = {
    "_THOUGHTSTREAM_COMPLETE": "complete_bash",
    "COMP_CWORD": "1",
    "COMP_WORDS": "thoughtstream th",
}
_PROGRAM = [sys.executable, "-m", "thoughtstream.faces.cli"]
_CALLS: dict[str, tuple[list[str], dict[str, str]]] = {
    "--help": ([*_PROGRAM, "--help"], {}),
    "completion": (_PROGRAM, _COMPLETE),
    "status": ([*_PROGRAM, "status"], {}),
    "think": ([*_PROGRAM, "think", "hello"], {}),
}


def cpu_s(command: list[str], environment: dict[str, str]) -> float:
    """The least CPU time of several runs, in seconds; modules are compiled by the first."""
    return min(_once(command, environment) for _ in range(_TIMES))


def _once(command: list[str], environment: dict[str, str]) -> float:
    before = _spent()
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, env=kept | environment, capture_output=True, check=False)
    return _spent() - before


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure, and print a line for each."""
    nothing = cpu_s([sys.executable, "-c", "pass"], {})
    for name, (command, environment) in _CALLS.items():
        spent = cpu_s(command, environment)
        said = f"{name:<12} {spent:.3f} s  {spent / nothing:5.1f} x python -c pass"
        Console(highlight=False).print(said)


if __name__ == "__main__":
    main()
