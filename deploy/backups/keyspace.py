"""Runs on a host, in the service's Python (`python -c`): what a Redis holds, and its keys carried
over to another. It needs redis-py and nothing of ours. One line of JSON is printed.

    keys (--socket PATH | --port PORT [--address ADDRESS] [--ca FILE])
    digest (--socket PATH | --port PORT [--address ADDRESS] [--ca FILE] [--cluster])
    copy --socket PATH --port PORT [--address ADDRESS] [--ca FILE] [--cluster]

The password of `admin` comes in REDISCLI_AUTH.
"""

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import redis

_BATCH = 500
_WHOLE = 1 << 256
# A service that is alive says so under these keys (the last is of older ones): they are no data.
_LIVING = (
    b"agents:services",
    b"agent_status:service:",
    b"agent:{agent_status:service:",
    b"thoughtstream:service",
)
# When to look at which agent: it changes from moment to moment, and is made anew from the agents.
_PASSING = (b"agents", b"agents:old")


def _packed(*parts: Any) -> bytes:
    """Parts as bytes that no other parts have."""
    texts = [part if isinstance(part, bytes) else str(part).encode() for part in parts]
    return b"".join(b"%d:%s" % (len(text), text) for text in texts)


def _pairs(flat: list[Any]) -> dict[bytes, Any]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _stream(ask: Any, key: bytes) -> Iterator[bytes]:
    about = _pairs(ask("XINFO", "STREAM", key))
    yield _packed(about[b"last-generated-id"], about.get(b"entries-added"))
    start = b"-"
    while entries := ask("XRANGE", key, start, "+", "COUNT", 1000):
        yield from (_packed(name, *fields) for name, fields in entries)
        start = b"(" + entries[-1][0]
    for group in sorted(map(_pairs, ask("XINFO", "GROUPS", key)), key=lambda g: g[b"name"]):
        yield _packed(group[b"name"], group[b"last-delivered-id"])
        start = b"-"
        while pending := ask("XPENDING", key, group[b"name"], start, "+", 1000):
            yield from (_packed(name, who, times) for name, who, _, times in pending)
            start = b"(" + pending[-1][0]


def _parts(ask: Any, key: bytes, kind: bytes) -> Iterator[bytes]:
    if kind == b"stream":
        yield from _stream(ask, key)
    elif kind == b"hash":
        yield from (_packed(*pair) for pair in sorted(_pairs(ask("HGETALL", key)).items()))
    elif kind == b"set":
        yield _packed(*sorted(ask("SMEMBERS", key)))
    elif kind == b"zset":
        yield _packed(*ask("ZRANGE", key, 0, -1, "WITHSCORES"))
    elif kind == b"list":
        yield _packed(*ask("LRANGE", key, 0, -1))
    else:
        yield _packed(ask("GET" if kind == b"string" else "DUMP", key))


def _digest(ask: Any, key: bytes, kind: bytes) -> int:
    sum_ = hashlib.sha256(_packed(key, kind))
    for part in _parts(ask, key, kind):
        sum_.update(part)
    return int(sum_.hexdigest(), 16)


def _batches(client: Any) -> Iterator[list[bytes]]:
    cursor = b"0"
    while True:
        cursor, keys = client.execute_command("SCAN", cursor, "COUNT", _BATCH)
        if kept := [key for key in dict.fromkeys(keys) if not key.startswith(_LIVING)]:
            yield kept
        if cursor == b"0":
            return


def _each(client: Any, keys: list[bytes], *commands: str) -> Iterator[tuple[Any, ...]]:
    """Each key with the answers to the commands, asked in one go."""
    pipe = client.pipeline(transaction=False)
    for key in keys:
        for command in commands:
            pipe.execute_command(command, key)
    answers, step = pipe.execute(), len(commands)
    for n, key in enumerate(keys):
        yield key, *answers[n * step : (n + 1) * step]


def keys(client: Any) -> dict[str, Any]:
    """Whether it holds anything."""
    found = (key for batch in _batches(client) for key in batch if key not in _PASSING)
    return {"keys": int(next(found, None) is not None)}


def digest(*clients: Any) -> dict[str, Any]:
    """Counts, and one digest of all keys that stay, in any order: of several servers it is the sum.

    Keys that may go or change at any moment are counted apart.
    """
    kinds: Counter[str] = Counter()
    total, passing, memory, libraries = 0, 0, 0, set()
    for client in clients:
        for key, kind in _staying(client):
            if not kind:
                passing += 1
                continue
            kinds[kind.decode()] += 1
            total = (total + _digest(client.execute_command, key, kind)) % _WHOLE
        libraries |= set(_libraries(client.execute_command))
        memory += _memory(client.execute_command)
    return {
        "keys": sum(kinds.values()),
        "passing": passing,
        "kinds": dict(sorted(kinds.items())),
        "digest": f"{total:064x}",
        "libraries": sorted(libraries),
        "memory": memory,
    }


def _staying(client: Any) -> Iterator[tuple[bytes, bytes]]:
    """Every key once, with its type; without, if it may go or change at any moment."""
    seen = set()
    for batch in _batches(client):
        for key, kind, life in _each(client, batch, "TYPE", "PTTL"):
            name = hashlib.sha256(key).digest()[:16]
            if life == -2 or name in seen:  # gone; or SCAN's second time
                continue
            seen.add(name)
            yield key, b"" if life >= 0 or key in _PASSING else kind


def _libraries(ask: Any) -> Iterator[str]:
    for library in map(_pairs, ask("FUNCTION", "LIST", "WITHCODE")):
        code = _packed(library[b"library_name"], library[b"library_code"])
        yield hashlib.sha256(code).hexdigest()


def _memory(ask: Any) -> int:
    lines = ask("INFO", "memory").decode().splitlines()
    return next(int(line.split(":")[1]) for line in lines if line.startswith("used_memory:"))


def copy(source: Any, target: Any) -> dict[str, Any]:
    """Every key as it is, with its time to live; a copied one leaves the source, to make room."""
    payload = source.execute_command("FUNCTION", "DUMP")
    for primary in _primaries(target):
        primary.execute_command("FUNCTION", "RESTORE", payload, "REPLACE")
    copied = 0
    for batch in _batches(source):
        out = target.pipeline(transaction=False)
        for key, value, end in _each(source, batch, "DUMP", "PEXPIRETIME"):
            if value is not None:
                out.restore(key, max(end, 0), value, replace=True, absttl=end > 0)
                copied += 1
        out.execute()
        list(_each(source, batch, "UNLINK"))
    return {"copied": copied}


def _primaries(target: Any) -> list[Any]:
    if isinstance(target, redis.Redis):
        return [target]
    return [target.get_redis_connection(node) for node in target.get_primaries()]


def _raw(client: Any) -> Any:
    """A client that gives answers as Redis gave them: whatever the version, they compare."""
    client.response_callbacks.clear()
    return client


def _target(given: argparse.Namespace) -> Any:
    """The server, or the cluster, that holds the data or is to get them."""
    options: dict[str, Any] = {"username": "admin", "password": os.environ["REDISCLI_AUTH"]}
    if given.ca:
        # A server that stands alone is asked on its own host, as redis-cli asks: by its authority.
        named = bool(given.cluster)
        options |= {"ssl": True, "ssl_ca_certs": given.ca, "ssl_check_hostname": named}
    kind = redis.RedisCluster if given.cluster else redis.Redis
    return kind(host=given.address, port=given.port, protocol=2, **options)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("verb", choices=["keys", "digest", "copy"])
    parser.add_argument("--socket")
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int)
    parser.add_argument("--ca")
    parser.add_argument("--cluster", action="store_true")
    given = parser.parse_args()
    scratch = _raw(redis.Redis(unix_socket_path=given.socket, protocol=2))
    if given.verb == "copy":
        done = copy(scratch, _target(given))
    else:
        servers = [scratch] if given.socket else [_raw(one) for one in _primaries(_target(given))]
        done = keys(*servers) if given.verb == "keys" else digest(*servers)
    print(json.dumps(done))  # noqa: T201


if __name__ == "__main__":
    main()
