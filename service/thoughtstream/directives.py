"""What every Redis that keeps a mind is told, wherever it runs: the one truth about these lines of
redis.conf.

From it come the configuration of the embedded server, the defaults of the deployment's settings
(which add what only a server on a host needs), and what `thoughtstream doctor` expects. It imports
nothing but the standard library and the registry of keys, so that the deployment may read it too.
"""

from dataclasses import dataclass

from thoughtstream.keys import NOTIFY_EVENTS

MEMORY_SHARE = 0.6
"""The part of a host's or container's memory that Redis may fill: a rewrite copies on write."""


@dataclass(frozen=True)
class Default:
    """A directive's value, and why. `live`: a running server takes a new one by CONFIG SET."""

    value: bool | int | str
    reason: str
    unit: str = ""
    live: bool = True

    @property
    def text(self) -> str:
        """The value as it stands in redis.conf."""
        return text(self.value)


def text(value: object) -> str:
    """A value as it stands in redis.conf."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or '""'


DEFAULTS: dict[str, Default] = {
    "databases": Default(1, "a cluster has one; keys are told apart by name", live=False),
    "maxmemory-policy": Default(
        "volatile-lru", "memories have no time to live, so they are never evicted"
    ),
    "maxmemory-samples": Default(10, "closer to true LRU than 5", "keys"),
    "maxmemory-clients": Default("5%", "slow readers can't crowd out the data", "bytes or %"),
    "appendonly": Default(True, "memories survive a crash"),
    "appendfsync": Default("everysec", "at most one second is lost when the power goes"),
    "no-appendfsync-on-rewrite": Default(False, "a rewrite doesn't widen that second"),
    "aof-timestamp-enabled": Default(True, "the log can be cut at a point in time"),
    "save": Default("3600 1", "an hourly snapshot beside the log"),
    "shutdown-timeout": Default(10, "waits for replicas at a stop", "seconds"),
    "lazyfree-lazy-eviction": Default(True, "freeing never blocks"),
    "lazyfree-lazy-expire": Default(True, "freeing never blocks"),
    "lazyfree-lazy-server-del": Default(True, "freeing never blocks"),
    "lazyfree-lazy-user-del": Default(True, "freeing never blocks"),
    "lazyfree-lazy-user-flush": Default(True, "freeing never blocks"),
    "notify-keyspace-events": Default(NOTIFY_EVENTS, "wakes the service when a thought arrives"),
    "enable-debug-command": Default("no", "DEBUG can crash a server", live=False),
    "enable-module-command": Default("no", "modules come from the command line", live=False),
    "latency-monitor-threshold": Default(100, "slower events are kept", "ms"),
    "slowlog-log-slower-than": Default(10_000, "slower commands are kept", "microseconds"),
    "slowlog-max-len": Default(1024, "commands kept"),
}
