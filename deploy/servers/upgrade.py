"""`deploy.upgrade` of one server: a newer Redis of apt, Homebrew or the same tag. Pure."""

from deploy.rollouts.hosts import HostState
from deploy.servers.checks import Refused, require_healthy
from deploy.servers.restart import timed
from deploy.steps import Step


def upgrade(known: HostState) -> list[Step]:
    """Packages or images are installed beside what runs; then, if what runs is older, Redis
    restarts once, and so does the service if it has a newer release or image. Never to an older
    Redis, which could not read the data.
    """
    require_healthy(known)
    runtime, facts = known.runtime, known.facts
    if lines := list(runtime.downgrades(facts)):
        advice = "Redis can't be downgraded; restore a backup into the older version instead"
        raise Refused("\n  ".join([advice, *lines]))
    assert facts.redis is not None
    (server,) = runtime.servers
    _, restarts = runtime.why(server, facts)
    why = "" if restarts else runtime.outdated(facts, facts.redis.version, server.spec.unit)
    again = runtime.restart(None, f"{why}; nobody is served until it answers again") if why else []
    return [
        *runtime.fetch(facts),
        *runtime.install(facts),
        *runtime.prepare(facts, {}),
        *(timed(again) if again else ()),
        *runtime.finish(facts),
    ]
