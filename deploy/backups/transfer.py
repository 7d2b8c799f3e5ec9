"""Streams to and from a host: commands whose input or output is a file here. pyinfra's own
transfers need a second copy on the host, which others there could read.
"""

import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, Protocol

from pyinfra.api.arguments import CONNECTOR_ARGUMENT_KEYS, pop_global_arguments
from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.connectors.local import LocalConnector
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.connectors.util import extract_control_arguments, make_unix_command_for_host

from deploy.backups.repository import BackupError
from deploy.facts.base import PATH

_BLOCK = 1 << 16
_SAID = 2000
Progress = Callable[[int], None]


class Sink(Protocol):
    """Where bytes go."""

    def write(self, block: bytes, /) -> int: ...


def run(
    state: State,
    host: Host,
    command: str,
    *,
    source: IO[bytes] | None = None,
    sink: Sink | None = None,
    progress: Progress = lambda _: None,
) -> str:
    """Runs a shell command as the inventory says (sudo): its input is `source`, its output goes
    to `sink`, and is returned where there is none.

    Raises:
        BackupError: it failed; the message is what it said.
    """
    everything, _ = pop_global_arguments(state, host, {})
    arguments: Any = {
        key: value for key, value in everything.items() if key in CONNECTOR_ARGUMENT_KEYS
    }
    extract_control_arguments(arguments)
    whole = StringCommand(f"{PATH}; export PATH\n{command}")
    shell = make_unix_command_for_host(state, host, whole, **arguments).get_raw_value()
    with tempfile.TemporaryFile() as memory:
        out = sink or memory
        code, said = _runner(host)(host, shell, source, out, progress)
        if code:
            lines = said.strip().splitlines()[-5:] or [f"exit code {code}"]
            raise BackupError("\n".join(lines))
        if sink:
            return ""
        memory.seek(0)
        return memory.read().decode()


_Runner = Callable[[Host, str, IO[bytes] | None, Sink, Progress], tuple[int, str]]


def _runner(host: Host) -> _Runner:
    if issubclass(host.connector_cls, SSHConnector):
        return _over_ssh
    if issubclass(host.connector_cls, LocalConnector):
        return _here
    raise BackupError(f"{host.name}: backups work over SSH and on this machine (@local)")


def _over_ssh(
    host: Host, shell: str, source: IO[bytes] | None, sink: Sink, progress: Progress
) -> tuple[int, str]:
    connector = host.connector
    assert isinstance(connector, SSHConnector) and connector.client is not None
    stdin, stdout, stderr = connector.client.exec_command(shell)
    if source:
        with suppress(OSError):  # it ended before it read everything: its own words say why
            _flow(source, stdin, progress)
    stdin.close()
    stdin.channel.shutdown_write()
    _flow(stdout, sink, progress)
    said = stderr.read().decode(errors="replace")[-_SAID:]
    return stdout.channel.recv_exit_status(), said


def _here(
    _: Host, shell: str, source: IO[bytes] | None, sink: Sink, progress: Progress
) -> tuple[int, str]:
    with tempfile.TemporaryFile() as errors:
        pipe = subprocess.PIPE
        with subprocess.Popen(shell, shell=True, stdin=pipe, stdout=pipe, stderr=errors) as process:
            assert process.stdin is not None and process.stdout is not None
            with suppress(OSError):  # it ended before it read everything: its own words say why
                if source:
                    _flow(source, process.stdin, progress)
                process.stdin.close()
            _flow(process.stdout, sink, progress)
        errors.seek(0)
        return process.returncode, errors.read().decode(errors="replace")[-_SAID:]


def _flow(source: Any, sink: Any, progress: Progress) -> None:
    done = 0
    while block := source.read(_BLOCK):
        sink.write(block)
        done += len(block)
        progress(done)
