"""Whether the users of a running Redis are those of the ACL file."""

from collections.abc import Iterable, Mapping, Sequence

from deploy.config_files import users_acl
from deploy.facts.redis import RedisState
from deploy.layout import ROLES
from thoughtstream.acl import Role

_IN_ANY_CASE = frozenset({"sanitize-payload", "resetkeys", "resetchannels"})
_TELLS_COMMANDS = (8, 0)
"""An older Redis lists the commands of a user in words of its own making."""


def drifted_users(
    digests: Mapping[Role, str], running: RedisState, roles: Sequence[Role] = ROLES
) -> list[str]:
    """The users that a running server has otherwise than the file, or that one of them lacks.

    In an older Redis, other commands of a user are seen only if the file was loaded for them: the
    file's own digest stands among the keys of `default`, who is off.
    """
    if any(role not in digests for role in roles):
        return list(roles)
    literal = running.number >= _TELLS_COMMANDS
    wanted = _rules(users_acl(digests).splitlines(), commands=literal)
    found = _rules(running.users, commands=literal)
    return sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))


def _rules(lines: Iterable[str], *, commands: bool) -> dict[str, frozenset[str]]:
    """Each user's rules, of an ACL file or ACL LIST, in no order: Redis has one of its own."""
    found = {}
    for line in lines:
        _, name, *rules = line.split()
        kept = {rule for rule in rules if commands or rule[0] not in "+-"}
        found[name] = frozenset(kept - _IN_ANY_CASE)
    return found
