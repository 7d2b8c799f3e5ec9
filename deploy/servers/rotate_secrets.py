"""`deploy.rotate_secrets` of one server: nothing restarts, and nobody is locked out. Pure."""

from deploy.rollouts.hosts import HostState
from deploy.rollouts.rotate_secrets import phases
from deploy.servers.checks import Refused, require_healthy
from deploy.steps import Step


def rotate_secrets(known: HostState) -> list[Step]:
    """New passwords are made; both are valid; the new ones are used; only they are valid."""
    require_healthy(known)
    if missing := [role for role in known.runtime.secrets.roles if role not in known.facts.secrets]:
        raise Refused(f"there is no password of {', '.join(missing)}; run deploy.stack first")
    return [step for phase in phases("") for step in phase("", known)]
