"""Processes under systemd or launchd, and what listens on a port."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from deploy.facts.base import ScriptFact, number, pairs, script

REVISION = "THOUGHTSTREAM_REVISION"
_SHOWN = "LoadState,ActiveState,UnitFileState,MainPID,NRestarts"


@dataclass(frozen=True)
class UnitState:
    """`active`: as systemd says it, or `failing`: it starts and ends, again and again; `revision`:
    the one in the environment of the running process.
    """

    loaded: str
    active: str
    enabled: str | None = None
    pid: int | None = None
    revision: str | None = None


class UnitsFact(ScriptFact[dict[str, UnitState]]):
    """Each unit as systemd sees it; `own`: as the user's own systemd does."""

    def command(self, units: Sequence[str], own: bool = False) -> str:
        systemctl = "systemctl --user" if own else "systemctl"
        return script(
            f'revision() {{ tr "\\0" "\\n" < "/proc/$1/environ" | grep "^{REVISION}="; }}',
            f"set -- {' '.join(quote(unit) for unit in units)}",
            # All in one call: a block for each, with an empty line between.
            f'{systemctl} show --property {_SHOWN} "$@" | {{',
            '  echo "unit=$1"',
            "  while read -r line; do",
            "    case $line in",
            '      "") shift; echo "unit=$1" ;;',
            '      MainPID=[1-9]*) echo "$line"; revision "${line#MainPID=}" ;;',
            '      *) echo "$line" ;;',
            "    esac",
            "  done",
            '  shift; for u; do echo "unit=$u"; done',
            "}",
        )

    def process(self, output: list[str]) -> dict[str, UnitState]:
        found = {}
        for block in "\n".join(output).split("unit=")[1:]:
            name, *lines = block.splitlines()
            values = pairs(lines)
            found[name] = UnitState(
                loaded=values.get("LoadState") or "not-found",
                active=_active(values),
                enabled=values.get("UnitFileState"),
                pid=number(values.get("MainPID")) or None,
                revision=values.get(REVISION),
            )
        return found

    @staticmethod
    def default() -> dict[str, UnitState]:
        return {}


def _active(values: Mapping[str, str | None]) -> str:
    again = (number(values.get("NRestarts")) or 0) > 0
    state = values.get("ActiveState") or "inactive"
    return "failing" if state == "activating" and again else state


class DaemonsFact(ScriptFact[dict[str, UnitState]]):
    """Each label as launchd sees it in a domain (`system`, `gui/501`)."""

    def command(self, domain: str, labels: Sequence[str]) -> str:
        return script(
            f"for label in {' '.join(quote(label) for label in labels)}; do",
            '  echo "unit=$label"',
            f'  launchctl print {quote(domain)}/"$label"',
            "done",
        )

    def process(self, output: list[str]) -> dict[str, UnitState]:
        found = {}
        for block in "\n".join(output).split("unit=")[1:]:
            name, *lines = block.splitlines()
            text = "\n".join(lines)
            pid = re.search(r"^\s*pid = (\d+)$", text, re.MULTILINE)
            revision = re.search(rf"{REVISION} => (\w+)", text)
            found[name] = UnitState(
                loaded="loaded" if lines else "not-found",
                active="active" if re.search(r"^\s*state = running$", text, re.MULTILINE) else "-",
                pid=int(pid[1]) if pid else None,
                revision=revision[1] if revision else None,
            )
        return found

    @staticmethod
    def default() -> dict[str, UnitState]:
        return {}


_ENGINES = re.compile(r"docker-proxy|com\.docke|OrbStack|limactl")
"""Who publishes ports of containers: Docker, Docker Desktop, OrbStack, Lima (of colima)."""
_LIMA = re.compile(r"^ssh: \S*lima\S*/ssh\.sock")
"""How ssh calls itself where it forwards the ports of a Lima machine."""


@dataclass(frozen=True)
class Listener:
    """What listens on a port; `pid` and `program` are None where only root could tell; `command`:
    the whole of it, where only that tells one program from another of the same name.
    """

    pid: int | None
    program: str | None
    command: str = ""

    @property
    def of_an_engine(self) -> bool:
        """Whether it listens for containers."""
        program = self.program or ""
        return bool(_ENGINES.match(program)) or (
            program == "ssh" and bool(_LIMA.match(self.command))
        )


class ListenersFact(ScriptFact[dict[int, Listener]]):
    """What listens on these TCP ports."""

    def command(self, ports: Sequence[int]) -> str:
        return script(
            'tab=$(printf "\\t")',
            f"for port in {' '.join(str(port) for port in ports)}; do",
            "  if command -v ss >/dev/null; then",
            '    ss -Hltnp "sport = :$port" | sed "s/^/$port /" | head -n 1',
            "  else",
            '    fields=$(lsof -nP -iTCP:"$port" -sTCP:LISTEN -Fpc | head -n 2 | tr "\\n" "\\t")',
            '    pid=${fields%%"$tab"*}',
            '    [ -z "$fields" ] || echo "$port $fields$(ps -ww -o command= -p "${pid#p}")"',
            "  fi",
            "done",
        )

    def process(self, output: list[str]) -> dict[int, Listener]:
        found = {}
        for line in output:
            port, _, rest = line.strip().partition(" ")
            if not rest:
                continue
            found[int(port)] = _of_lsof(rest) if "\t" in rest else _of_ss(rest)
        return found

    @staticmethod
    def default() -> dict[int, Listener]:
        return {}


def _of_ss(line: str) -> Listener:
    pid, program = re.search(r"pid=(\d+)", line), re.search(r'\(\("([^"]+)"', line)
    return Listener(int(pid[1]) if pid else None, program[1] if program else None)


def _of_lsof(fields: str) -> Listener:
    """Process, program (lsof may write its spaces as `\\x20`) and whole command, by tabs."""
    pid, program, command = fields.split("\t", 2)
    return Listener(int(pid[1:]), program[1:].replace("\\x20", " "), command)
