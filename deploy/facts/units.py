"""Processes under systemd or launchd, and what listens on a port."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from deploy.facts.base import ScriptFact, number, pairs, script

REVISION = "THOUGHTSTREAM_REVISION"


@dataclass(frozen=True)
class UnitState:
    """`revision`: the one in the environment of the running process."""

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
            f"for u in {' '.join(quote(unit) for unit in units)}; do",
            f'  pid=$({systemctl} show --property MainPID --value "$u")',
            '  echo "unit=$u"',
            f'  {systemctl} show --property LoadState,ActiveState,UnitFileState,MainPID "$u"',
            f'  tr "\\0" "\\n" < "/proc/$pid/environ" | grep "^{REVISION}="',
            "done",
        )

    def process(self, output: list[str]) -> dict[str, UnitState]:
        found = {}
        for block in "\n".join(output).split("unit=")[1:]:
            name, *lines = block.splitlines()
            values = pairs(lines)
            found[name] = UnitState(
                loaded=values.get("LoadState") or "not-found",
                active=values.get("ActiveState") or "inactive",
                enabled=values.get("UnitFileState"),
                pid=number(values.get("MainPID")) or None,
                revision=values.get(REVISION),
            )
        return found

    @staticmethod
    def default() -> dict[str, UnitState]:
        return {}


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


@dataclass(frozen=True)
class Listener:
    """What listens on a port; `pid` and `program` are None where only root could tell."""

    pid: int | None
    program: str | None


class ListenersFact(ScriptFact[dict[int, Listener]]):
    """What listens on these TCP ports."""

    def command(self, ports: Sequence[int]) -> str:
        return script(
            f"for port in {' '.join(str(port) for port in ports)}; do",
            "  if command -v ss >/dev/null; then",
            '    ss -Hltnp "sport = :$port" | sed "s/^/$port /" | head -n 1',
            "  else",
            '    lsof -nP -iTCP:"$port" -sTCP:LISTEN -Fpc | tr "\\n" " " | sed "s/^/$port /"; echo',
            "  fi",
            "done",
        )

    def process(self, output: list[str]) -> dict[int, Listener]:
        found = {}
        for line in output:
            port, _, rest = line.strip().partition(" ")
            if not rest:
                continue
            pid = re.search(r"pid=(\d+)|\bp(\d+)", rest)
            program = re.search(r'\(\("([^"]+)"|\bc(\S+)', rest)
            found[int(port)] = Listener(
                pid=int(pid[1] or pid[2]) if pid else None,
                program=program[1] or program[2] if program else None,
            )
        return found

    @staticmethod
    def default() -> dict[int, Listener]:
        return {}
