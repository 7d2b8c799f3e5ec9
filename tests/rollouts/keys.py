"""What a Redis of a host holds, key by key: asked apart from the deployment's own way."""

from tests.servers import wait_until

from .clusters import Cluster
from .deployment import Deployment

_ALL = (
    "#!lua flags=allow-cross-slot-keys\n"
    "local r = {} for _, k in ipairs(redis.call('KEYS', 'proof:*')) do r[#r+1] = k .. ' ' .. "
    "redis.sha1hex(redis.call('DUMP', k)) .. ' ' .. redis.call('PEXPIRETIME', k) end return r"
)
_WRITE = (
    "local n = ARGV[1] local k = 'proof:' .. n .. ':' for i = 1, 50 do "
    "redis.call('SET', k .. i, n .. i) redis.call('XADD', k .. 'stream', i .. '-1', 'n', n .. i) "
    "redis.call('ZADD', k .. 'zset', i / 7, n .. i) end redis.call('SET', k .. 'bytes', "
    "string.char(0, 13, 10, 255, 36)) redis.call('HSET', k .. 'hash', 'a', n, 'b', '') "
    "redis.call('RPUSH', k .. 'list', 1, 2) redis.call('SADD', k .. 'set', 3, 1, 2) "
    "redis.call('SET', k .. 'ends', 1, 'EX', 9999) return 'OK'"
)

_FORGET = (
    "#!lua flags=allow-cross-slot-keys\n"
    "for _, k in ipairs(redis.call('KEYS', 'proof:*')) do redis.call('DEL', k) end"
)


def write(deployment: Deployment, name: str) -> dict[str, str]:
    """Writes keys of every type; returns all that there are, with their values' sums."""
    assert deployment.redis("eval", _WRITE, "0", name) == "OK"
    return values(deployment)


def values(deployment: Deployment) -> dict[str, str]:
    """All keys that `write` wrote, each with the sum of its value and when it ends."""
    return _read(deployment.redis("eval", _ALL, "0"))


def values_of_cluster(cluster: Cluster) -> dict[str, str]:
    """The same of all masters together."""
    masters = cluster.view().masters
    assert len(masters) == len(cluster.nodes) // 2
    found: dict[str, str] = {}
    for node in masters:
        own = _read(cluster.redis(node, "eval", _ALL, "0"))
        assert not own.keys() & found.keys()
        found |= own
    return found


def forget(cluster: Cluster) -> None:
    """Removes from a cluster what `write` wrote."""
    for node in cluster.view().masters:
        cluster.redis(node, "eval", _FORGET, "0")


def _read(answer: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in answer.splitlines() if line)


def next_second(deployment: Deployment) -> int:
    """Waits until the server's clock shows another second; returns the last one, whole by now."""
    before = _clock(deployment)
    wait_until(lambda: _clock(deployment) > before, "the clock goes on", step_s=0.1)
    return before


def _clock(deployment: Deployment) -> int:
    return int(deployment.redis("time").split()[0])
