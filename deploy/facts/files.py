"""Files, passwords and disk space."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from deploy.facts.base import ScriptFact, kibibytes, pairs, script
from deploy.layout import CLUSTER_ROLES
from deploy.versions import numbers, upstream
from thoughtstream.acl import Role

_STATE = re.compile(r"(.+?) (\d+) (.+?) (\d+) ([0-7]+) (.+)")
"""As `PathsFact` prints it; names of a directory service may have spaces."""
_SUM = 'sum() { sha256sum < "$1" || shasum -a 256 < "$1"; }'


@dataclass(frozen=True)
class PathState:
    """`sha256` of a file, None for a directory. `user` and `group`: name and number."""

    sha256: str | None
    user: tuple[str, str]
    group: tuple[str, str]
    mode: int


class PathsFact(ScriptFact[dict[str, PathState]]):
    """Digest, owner and mode of each path that exists: of all by the same few programs, for it is
    starting them that takes time.
    """

    def command(self, paths: Sequence[str]) -> str:
        names = " ".join(map(quote, paths))
        return script(
            f'set --; for p in {names}; do [ ! -e "$p" ] || set -- "$@" "$p"; done',
            "shown='-cstate %U %u %G %g %a %n'",
            "stat -c %n / >/dev/null || shown='-fstate %Su %u %Sg %g %Lp %N'",
            '[ $# = 0 ] || stat "$shown" "$@"',
            f'set --; for p in {names}; do [ ! -f "$p" ] || set -- "$@" "$p"; done',
            '[ $# = 0 ] || { printf "file %s\\n" "$@"; sha256sum "$@" || shasum -a 256 "$@"; }',
        )

    def process(self, output: list[str]) -> dict[str, PathState]:
        lines = [(kind, rest) for kind, _, rest in (line.partition(" ") for line in output)]
        files = {rest for kind, rest in lines if kind == "file"}
        sums = {rest[1:]: kind for kind, rest in lines if rest[1:] in files}
        found = {}
        for rest in (rest for kind, rest in lines if kind == "state"):
            if said := _STATE.fullmatch(rest):
                user, uid, group, gid, mode, path = said.groups()
                sha256 = sums.get(path, "") if path in files else None
                found[path] = PathState(sha256, (user, uid), (group, gid), int(mode, 8))
        return found

    @staticmethod
    def default() -> dict[str, PathState]:
        return {}


class SecretDigestsFact(ScriptFact[dict[Role, str]]):
    """The sha256 of each password by role, where there is one: the password itself never leaves the
    host.
    """

    def command(self, files: dict[Role, str]) -> str:
        return script(
            _SUM,
            *(
                f'[ -s {quote(path)} ] && echo "{role}=$(sum {quote(path)} | cut -c 1-64)"'
                for role, path in files.items()
            ),
        )

    def process(self, output: list[str]) -> dict[Role, str]:
        found = pairs(output)
        return {role: digest for role in CLUSTER_ROLES if (digest := found.get(role))}

    @staticmethod
    def default() -> dict[Role, str]:
        return {}


class MasterauthFact(ScriptFact[str | None]):
    """The sha256 of the password in the file that redis.conf includes."""

    def command(self, path: str) -> str:
        password = f"sed -n 's/^masterauth //p' {quote(path)} | tr -d '\\n'"
        return script(f"[ -s {quote(path)} ] && {password} | {{ sha256sum || shasum -a 256; }}")

    def process(self, output: list[str]) -> str | None:
        return output[0].split()[0] if output else None

    @staticmethod
    def default() -> str | None:
        return None


@dataclass(frozen=True)
class Disk:
    """Bytes free on the data's disk, and bytes that the data already uses. `redis`: the newest one
    that wrote the beginning of a log there.
    """

    free: int | None = None
    used: int | None = None
    redis: str | None = None


class DiskFact(ScriptFact[Disk]):
    """Disk space at a path, or at its nearest parent that exists, and what wrote the data there."""

    def command(self, path: str) -> str:
        return script(
            f"p={quote(path)}",
            f'echo "used=$(du -sk {quote(path)} | cut -f 1)"',
            'while [ ! -e "$p" ]; do p=$(dirname "$p"); done',
            f"find {quote(path)} -path '*/appendonlydir/*.base.rdb' | while read -r log; do",
            '  echo "wrote $(head -c 32 "$log" | LC_ALL=C sed -n '
            '"s/.*redis-ver.\\([0-9.]*\\).*/\\1/p")"',
            "done",
            'echo "free=$(df -Pk "$p" | awk \'NR == 2 {print $4}\')"',
        )

    def process(self, output: list[str]) -> Disk:
        found = pairs(output)
        lines = [line for line in output if line.startswith("wrote ")]
        wrote = [version for line in lines if (version := upstream(line))]
        return Disk(
            free=kibibytes(found.get("free")),
            used=kibibytes(found.get("used")),
            redis=max(wrote, key=numbers, default=None),
        )

    @staticmethod
    def default() -> Disk:
        return Disk()
