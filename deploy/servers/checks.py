"""What must hold before a verb changes one server. Pure."""

from collections.abc import Iterator

from deploy.facts.gather import Facts
from deploy.rollouts.hosts import HostState
from deploy.runtimes.server_runtime import ServerRuntime


class Refused(Exception):
    """A verb can't begin; the message says why and what to do."""


def require_healthy(known: HostState) -> None:
    """Raises Refused unless the host is fit, and its Redis answers."""
    lines = list(known.runtime.problems(known.facts))
    if known.facts.redis is None:
        lines.append("Redis doesn't answer its admin; run deploy.stack first")
    if lines:
        raise Refused("\n  ".join(lines))


def interrupted_rotation(runtime: ServerRuntime, facts: Facts) -> Iterator[str]:
    """Both passwords may be in use: only the rotation can tell which is to stay."""
    if any(path in facts.paths for path in runtime.secrets.coming.values()):
        yield "a password rotation was interrupted; run deploy.rotate_secrets"
