"""Packages and releases on a host."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from deploy.commands import APT_USERS, APT_WAIT_S
from deploy.facts.base import ScriptFact, pairs, script

_PACKAGE = "${db:Status-Status} redis=${Version}\\n"


@dataclass(frozen=True)
class Software:
    """`redis`: the installed version; the candidates: what apt would install; `unfinished`: a
    package installation was interrupted; `apt_user`: the program that uses apt now; `users`: those
    of ours that are there; `current`: the release of ours that is linked, if all may enter it;
    `own_data`: a file of Debian's own Redis.
    """

    redis: str | None = None
    candidate: str | None = None
    apt: bool = False
    unfinished: bool = False
    apt_user: str | None = None
    brew: str | None = None
    python_candidate: str | None = None
    users: frozenset[str] = frozenset()
    current: str | None = None
    own_data: str | None = None


class SoftwareFact(ScriptFact[Software]):
    """Redis's packages, our users and our release."""

    def command(self, users: Sequence[str], current: str) -> str:
        return script(
            "if command -v apt-get >/dev/null; then",
            "  echo apt=yes",
            f'  echo "apt_user=$({APT_USERS} | awk \'{{print $1 " (process " $2 ")"; exit}}\')"',
            '  [ -z "$(dpkg --audit)" ] || echo unfinished=yes',
            f"  dpkg-query -W -f '{_PACKAGE}' redis-server | sed -n 's/^installed //p'",
            "  dir=$(sed -n 's/^dir //p' /etc/redis/redis.conf)",
            '  echo "own_data=$(find "${dir:-/var/lib/redis}" -maxdepth 2 -size +0 '
            "\\( -name '*.rdb' -o -name '*.aof' \\) | head -n 1)\"",
            "else",
            "  echo \"redis=$(redis-server --version | sed -n 's/.* v=\\([^ ]*\\).*/\\1/p')\"",
            "fi",
            'echo "brew=$(command -v brew)"',
            "apt-cache policy redis-server python3 | awk '"
            '/^redis-server:/ {name = "candidate"} /^python3:/ {name = "python_candidate"} '
            '$1 == "Candidate:" && $2 != "(none)" {print name "=" $2}'
            "'",
            f"for u in {' '.join(map(quote, users))}; do",
            '  id "$u" >/dev/null && echo "user $u=yes"',
            "done",
            f"venv=$(readlink {quote(current)})",
            'release=$(dirname "$venv")',
            # What a umask has closed to the service is as good as none.
            'closed=$(find "$release" "$venv" "$venv/bin" -prune ! -perm -005)',
            '[ -z "$venv" ] || [ -n "$closed" ] || echo "current=$(basename "$release")"',
        )

    def process(self, output: list[str]) -> Software:
        found = pairs(output)
        return Software(
            redis=found.get("redis"),
            candidate=found.get("candidate"),
            apt="apt" in found,
            unfinished="unfinished" in found,
            apt_user=found.get("apt_user"),
            brew=found.get("brew"),
            python_candidate=found.get("python_candidate"),
            users=frozenset(n.removeprefix("user ") for n in found if n.startswith("user ")),
            current=found.get("current"),
            own_data=found.get("own_data"),
        )

    @staticmethod
    def default() -> Software:
        return Software()


class PackageListsFact(ScriptFact[bool]):
    """Updates the package lists, so that the candidates are current; whether that worked."""

    def command(self) -> str:
        free = f"timeout {APT_WAIT_S} sh -c {quote(f'while {APT_USERS}; do sleep 1; done')}"
        updated = f"{free} >/dev/null; apt-get update -qq && echo yes"
        return script(f"command -v apt-get >/dev/null && {{ {updated}; }}")

    def process(self, output: list[str]) -> bool:
        return output == ["yes"]

    @staticmethod
    def default() -> bool:
        return False


class BrewCandidateFact(ScriptFact[str | None]):
    """The Redis that Homebrew would bring, with its lists updated; None: the one that is there."""

    def command(self) -> str:
        return script(
            "brew update --quiet >/dev/null",
            "brew outdated --verbose --formula redis | sed -n 's/.* < \\([0-9.]*\\).*/\\1/p'",
        )

    def process(self, output: list[str]) -> str | None:
        return output[-1].strip() or None if output else None

    @staticmethod
    def default() -> str | None:
        return None
