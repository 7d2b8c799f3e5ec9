"""The configuration of the embedded Redis."""

from thoughtstream.home.home import Home
from thoughtstream.keys import NOTIFY_EVENTS


def render(home: Home, maxmemory: str) -> str:
    """The configuration of the embedded Redis; source: the project's deployment page."""
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
databases 1
maxmemory {maxmemory}
maxmemory-policy volatile-lru
maxmemory-samples 10
maxmemory-clients 5%
appendonly yes
appendfsync everysec
no-appendfsync-on-rewrite no
aof-timestamp-enabled yes
save 3600 1
shutdown-timeout 10
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
lazyfree-lazy-user-del yes
lazyfree-lazy-user-flush yes
notify-keyspace-events {NOTIFY_EVENTS}
enable-debug-command no
enable-module-command no
latency-monitor-threshold 100
slowlog-log-slower-than 10000
slowlog-max-len 1024
"""
