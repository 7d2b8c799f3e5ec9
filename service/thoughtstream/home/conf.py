"""The configuration of the embedded Redis."""

from thoughtstream.directives import DEFAULTS
from thoughtstream.home.home import Home


def render(home: Home, maxmemory: str) -> str:
    """`redis.conf` of the embedded server: where it lives, and what every Redis is told."""
    quoted = {
        name: '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for name, path in (
            ("socket", home.socket),
            ("data", home.data),
            ("log", home.redis_log),
            ("pid", home.path / "redis.pid"),
        )
    }
    return f"""\
# Written by thoughtstream at each start; the settings are in thoughtstream.toml.
port 0
unixsocket {quoted["socket"]}
unixsocketperm 600
daemonize yes
pidfile {quoted["pid"]}
dir {quoted["data"]}
logfile {quoted["log"]}
maxmemory {maxmemory}
{_shared()}
"""


def _shared() -> str:
    return "\n".join(f"{name} {default.text}" for name, default in DEFAULTS.items())
