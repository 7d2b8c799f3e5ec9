"""Packages and releases on a host."""

import re
from dataclasses import dataclass
from shlex import quote

from deploy.facts.base import ScriptFact, pairs, script

_VERSION = re.compile(r"(?:\d+:)?(\d+)\.(\d+)(?:\.\d+)*")


def version(text: str | None) -> tuple[int, int] | None:
    """(major, minor) of a version as a package or `redis-server --version` writes it."""
    match = _VERSION.search(text) if text else None
    return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True)
class Software:
    """`redis`: the version installed; `candidate`: what the package manager would install;
    `current`: the release of ours that is linked.
    """

    redis: str | None = None
    candidate: str | None = None
    apt: bool = False
    brew: str | None = None
    python: str | None = None
    service_user: bool = False
    current: str | None = None


class SoftwareFact(ScriptFact[Software]):
    """Redis's packages, our user and our release."""

    def command(self, user: str, current: str) -> str:
        return script(
            "echo \"redis=$(redis-server --version | sed -n 's/.* v=\\([^ ]*\\).*/\\1/p')\"",
            "command -v apt-get >/dev/null && echo apt=yes",
            'echo "brew=$(command -v brew)"',
            'echo "candidate=$(apt-cache policy redis-server '
            "| sed -n 's/^ *Candidate: //p' | grep -v none)\"",
            "for p in /opt/homebrew/opt/python@3.13/bin/python3.13 "
            "/usr/local/opt/python@3.13/bin/python3.13; do",
            '  [ -x "$p" ] && echo "python=$p" && break',
            "done",
            f"id {quote(user)} >/dev/null && echo service_user=yes",
            f'echo "current=$(basename "$(dirname "$(readlink {quote(current)})")")"',
        )

    def process(self, output: list[str]) -> Software:
        found = pairs(output)
        current = found.get("current")
        return Software(
            redis=found.get("redis"),
            candidate=found.get("candidate"),
            apt="apt" in found,
            brew=found.get("brew"),
            python=found.get("python"),
            service_user="service_user" in found,
            current=None if current in (None, ".") else current,
        )

    @staticmethod
    def default() -> Software:
        return Software()
