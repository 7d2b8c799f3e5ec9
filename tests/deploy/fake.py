"""Runs pyinfra against hosts of its `@fake` connector, and tells what it would have done to them.

`python -m tests.deploy.fake REPORT PYINFRA-ARGUMENTS…` in a process of its own, as pyinfra patches
the standard library. REPORT gets the commands and the uploaded files, host by host, as JSON.
"""

import atexit
import json
import re
import shlex
import sys
from collections import defaultdict
from io import IOBase
from pathlib import Path
from typing import Any

from pyinfra.connectors.fake import FakeConnector
from pyinfra_cli.main import main  # type: ignore[import-untyped]  # patches the library: first

import deploy.wheels
from deploy.wheels import Target

commands: dict[str, list[str]] = defaultdict(list)
uploads: dict[str, dict[str, str]] = defaultdict(dict)
_LOCKS = re.compile(r"printf %s ('.*') >(\S+\.lock)\.\d+ ")
_run = FakeConnector.run_shell_command


def run_shell_command(self: FakeConnector, command: Any, *args: Any, **arguments: Any) -> Any:
    """Runs nothing, and remembers the command and who would run it. Only a lock stays there."""
    user, folder = arguments.get("_sudo_user"), arguments.get("_chdir")
    sudo = "sudo " if arguments.get("_sudo") else ""
    sudo += f"as {user} " if user else ""
    sudo += f"in {folder} " if folder else ""
    text = command if isinstance(command, str) else command.get_masked_value()
    commands[self.host.name].append(sudo + text)
    if locks := _LOCKS.search(text):
        self.data["fake_responses"][f"cat {locks[2]}"] = shlex.split(locks[1])[0]
    return _run(self, command, *args, **arguments)


def put_file(self: FakeConnector, source: str | IOBase, path: str, *_: Any, **__: Any) -> bool:
    """Remembers what would stand in a file."""
    content = source.read() if isinstance(source, IOBase) else Path(source).read_bytes()
    text = content if isinstance(content, str) else content.decode(errors="replace")
    uploads[self.host.name][path] = text
    return True


def no_wheels(target: Target, wheels: Path) -> None:
    """What a host would install is of no interest here."""
    wheels.mkdir()
    (wheels / "thoughtstream.whl").write_text(repr(target))


def _report(path: Path) -> None:
    path.write_text(json.dumps({"commands": commands, "uploads": uploads}))


if __name__ == "__main__":
    report = Path(sys.argv.pop(1))
    FakeConnector.run_shell_command = run_shell_command  # type: ignore[method-assign]
    FakeConnector.put_file = put_file  # type: ignore[method-assign,assignment]
    deploy.wheels._collect = no_wheels
    atexit.register(_report, report)
    main()
