"""The checks of `doctor`: is this Redis fit to keep a mind? Each bad finding has its cure.

The Common Issues of the ASI-Arch document have their names there: memory pressure, connection
issues, persistence problems, performance degradation.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, ResponseError

from thoughtstream import keys
from thoughtstream.directives import DEFAULTS, MEMORY_SHARE
from thoughtstream.errors import RedisUnavailable
from thoughtstream.store.functions import Library
from thoughtstream.versions import OLDEST, dotted, major_minor

KEYS_LOOKED_AT = 20_000
"""How many keys the hygiene check looks at, at most."""

_SCAN_COUNT = 1000
_HEADROOM = 0.8
_LATELY_S = 300
_MANY_SLOW = 10
_CONNECTIONS = "connection issues"
_OURS = tuple(sorted({family.pattern.split(":")[0] + ":" for family in keys.FAMILIES}))

State = Literal["fine", "notice", "bad", "unknown"]
"""A notice has a cure, too, but fails nothing: a busy host is slow, and Redis is not at fault."""


@dataclass(frozen=True)
class Finding:
    """The result of one check. `cure` is empty if nothing is wrong; `node` names the node of a
    cluster.
    """

    check: str
    state: State
    found: str
    cure: str = ""
    node: str = ""


async def examine(
    redis: Redis,
    libraries: Iterable[Library],
    *,
    later: Iterable[Library] = (),
    private_socket: bool,
) -> list[Finding]:
    """All findings about a server. `private_socket`: only its owner can reach it at all; `later`:
    libraries that are loaded on first use.

    Raises: errors of the connection.
    """
    info: Any = await redis.info()
    return [
        _version(info),
        _memory(info),
        _connections(info),
        _persistence(info),
        await _speed(redis),
        _eviction(info),
        _share_of_host(info),
        await _default_user(redis, private_socket),
        await _notifications(redis),
        *[await _library(redis, library) for library in libraries],
        *[await _library(redis, library, needed=False) for library in later],
        *([await _hygiene(redis)] if info["role"] == "master" else []),
    ]


def _judge(check: str, good: bool, found: str, cure: str) -> Finding:
    return Finding(check, "fine" if good else "bad", found, "" if good else cure)


def _set(directive: str) -> str:
    """The command that gives a running server the right value."""
    return f"CONFIG SET {directive} {DEFAULTS[directive].text}"


def _version(info: dict[str, Any]) -> Finding:
    version = str(info["redis_version"])
    cure = f"run Redis {dotted(OLDEST)} or newer"
    return _judge("version", major_minor(version) >= OLDEST, version, cure)


def _persistence(info: dict[str, Any]) -> Finding:
    on = bool(info["aof_enabled"])
    written = info.get("aof_last_write_status", "ok")
    rewritten = info.get("aof_last_bgrewrite_status", "ok")
    saved = info["rdb_last_bgsave_status"]
    good = written == rewritten == saved == "ok"
    last = f"last write {written}, last rewrite {rewritten}, last snapshot {saved}"
    if not on:
        found = f"the append-only file is off: memories are lost when the server stops; {last}"
        cure = (
            f"{_set('appendonly')}, wait for aof_rewrite_in_progress:0, then write "
            f"`appendonly {DEFAULTS['appendonly'].text}` to redis.conf"
        )
        return Finding("persistence problems", "bad", found, cure)
    return _judge(
        "persistence problems",
        good,
        f"{'none: ' if good else ''}the append-only file is on, {last}",
        "see the server's log; usually the disk is full or not writable",
    )


def _eviction(info: dict[str, Any]) -> Finding:
    policy = str(info["maxmemory_policy"])
    return _judge(
        "eviction policy",
        policy.startswith("volatile-") or policy == "noeviction",
        policy + ("" if not policy.startswith("allkeys-") else ": it silently evicts memories"),
        f"{_set('maxmemory-policy')}, and the same in redis.conf",
    )


def _memory(info: dict[str, Any]) -> Finding:
    check, used, most = "memory pressure", int(info["used_memory"]), int(info["maxmemory"])
    evicted = f"{int(info['evicted_keys']):,} keys evicted since the start"
    if not most:
        cure = f"set maxmemory to at most {MEMORY_SHARE:.0%} of the host's memory"
        return Finding(check, "bad", f"{_mb(used)} used, no limit set", cure)
    good = used < most * _HEADROOM
    return _judge(
        check,
        good,
        f"{'none: ' if good else ''}{_mb(used)} of {_mb(most)} used ({used / most:.0%}), {evicted}",
        "raise maxmemory, or lower what takes most (`thoughtstream status` shows each domain)",
    )


def _connections(info: dict[str, Any]) -> Finding:
    clients, refused = int(info["connected_clients"]), int(info["rejected_connections"])
    most = int(info.get("maxclients", 0))
    good = not refused and (not most or clients < most * _HEADROOM)
    of = f" of {most:,}" if most else ""
    return _judge(
        _CONNECTIONS,
        good,
        f"{'none: ' if good else ''}{clients:,}{of} clients, {refused:,} refused since the start",
        "see who they are (CLIENT LIST), and end those that leak; or raise maxclients. CONFIG "
        "RESETSTAT then makes that only new refusals count",
    )


def unreachable(error: RedisUnavailable) -> Finding:
    """What is wrong if nothing can be asked."""
    why = str(error.__cause__ or error)
    cures = {
        "refused|No such file": "nothing listens there: start it (`thoughtstream up`), or set "
        "redis.url to where it is",
        "not known|resol": "nobody knows this name: correct redis.url, or your DNS",
        "[Tt]imeout|timed out|unreachable|No route": "nothing comes back: look for a firewall or a "
        "host that is down between here and there (`nc -vz HOST PORT`)",
    }
    rest = "check the network between this host and redis.url, and the server's log"
    cure = next((cure for sign, cure in cures.items() if re.search(sign, why)), rest)
    return Finding(_CONNECTIONS, "bad", f"Redis does not answer: {why}", cure)


async def _speed(redis: Redis) -> Finding:
    check = "performance degradation"
    slow = await _permitted(redis.slowlog_get(128))
    if slow is None:
        return Finding(check, "unknown", "this user may not read the slow log; check as service")
    now, _ = await redis.time()
    lately = [one for one in slow if one["start_time"] > now - _LATELY_S]
    good = len(lately) < _MANY_SLOW
    said = f"{len(lately)} commands of the last {_LATELY_S // 60} minutes are in the slow log"
    if lately:
        worst = max(lately, key=lambda one: int(one["duration"]))
        what = worst["command"]
        text = what.decode(errors="replace") if isinstance(what, bytes) else str(what)
        name = " ".join(text.split()[:2])[:60]  # and nothing of what people think
        said += f"; the slowest: {worst['duration'] / 1000:.0f} ms, {name}"
    if good:
        return Finding(check, "fine", f"none: {said}")
    cure = (
        "SLOWLOG GET shows them: SCAN instead of KEYS, smaller ranges, shorter scripts; and don't "
        "leave redis-cli monitor running, which slows every command"
    )
    return Finding(check, "notice", said, cure)


def _share_of_host(info: dict[str, Any]) -> Finding:
    most, host = int(info["maxmemory"]), int(info.get("total_system_memory", 0))
    if not most or not host:
        found = "the server does not report it" if most else "no maxmemory to compare it with"
        return Finding("memory of the host", "unknown", found)
    return _judge(
        "memory of the host",
        most <= host * MEMORY_SHARE,
        f"maxmemory is {most / host:.0%} of {_mb(host)}",
        f"set maxmemory to at most {MEMORY_SHARE:.0%} of it: snapshots and rewrites copy what "
        "changes meanwhile",
    )


async def _permitted(answer: Awaitable[Any]) -> Any:
    """The answer; None if this user may not ask, or the server does not know the command."""
    try:
        return await answer
    except (NoPermissionError, ResponseError):
        return None


async def _default_user(redis: Redis, private_socket: bool) -> Finding:
    check = "default user"
    if private_socket:
        return Finding(check, "fine", "only the home's owner can reach the socket")
    user = await _permitted(redis.acl_getuser("default"))
    if user is None:
        return Finding(check, "unknown", "this user may not read ACLs; check as admin")
    open_ = "on" in user["flags"] and "nopass" in user["flags"]
    return _judge(
        check,
        not open_,
        "on, without a password" if open_ else "off, or has a password",
        "disable it and give each user its own rules (`thoughtstream keys --acl service`)",
    )


async def _notifications(redis: Redis) -> Finding:
    check = "notify-keyspace-events"
    found = await _permitted(redis.config_get(check))
    if not found:
        return Finding(check, "unknown", "this user may not read the configuration")
    value = found[check]
    return _judge(
        check,
        _covers(value, DEFAULTS[check].text),
        value or "empty",
        f"{_set(check)}; without them, windows are polled",
    )


def _covers(events: str, needed: str) -> bool:
    expanded = events + ("g$lshzxetd" if "A" in events else "")
    return set(needed) <= set(expanded)


async def _library(redis: Redis, library: Library, *, needed: bool = True) -> Finding:
    check = f"Functions {library.name}"
    found = await _permitted(redis.function_list(library.name))
    if found is None:
        return Finding(check, "unknown", "this user may not list Functions")
    cure = "start the service, which loads it (`thoughtstream up`)"
    missing = "missing" if needed else "not loaded yet: loaded on first use"
    return _judge(check, bool(found) or not needed, "loaded" if found else missing, cure)


async def _hygiene(redis: Redis) -> Finding:
    faults: Counter[str] = Counter()
    example: dict[str, str] = {}
    seen = 0
    batch: list[str] = []
    async for key in redis.scan_iter(count=_SCAN_COUNT):
        seen += 1
        if key.startswith(_OURS):  # of others' keys this user may not even ask the type
            batch.append(key)
        if len(batch) >= _SCAN_COUNT or seen >= KEYS_LOOKED_AT:
            await _faults_of(redis, batch, faults, example)
            batch = []
        if seen >= KEYS_LOOKED_AT:
            break
    await _faults_of(redis, batch, faults, example)
    said = "; ".join(f"{n} {fault}, e.g. {example[fault]}" for fault, n in faults.items())
    return _judge(
        "key hygiene",
        not faults,
        said or f"all of ours among {seen:,} keys match the registry",
        "write these keys only through Thoughtstream (`thoughtstream keys` lists them); "
        "DEL stray ones, PERSIST durable ones, EXPIRE evictable ones",
    )


async def _faults_of(
    redis: Redis, batch: list[str], faults: Counter[str], example: dict[str, str]
) -> None:
    if not batch:
        return
    pipe = redis.pipeline(transaction=False)
    for key in batch:
        pipe.type(key)
        pipe.ttl(key)
    answers = await pipe.execute()
    for key, type_, ttl in zip(batch, answers[::2], answers[1::2], strict=True):
        fault = fault_of(key, type_, ttl)
        if fault:
            faults[fault] += 1
            example.setdefault(fault, key if keys.is_text(key) else ascii(key))


def fault_of(key: str, type_: str, ttl: int) -> str:
    """What is wrong with a key under our prefixes, of this type and time to live (s; -1: none);
    empty if nothing.

    Source: TYPE and TTL of Redis; -2 and `none`: the key is gone, which is nobody's fault.
    """
    if type_ == "none" or ttl == -2:
        return ""
    family = keys.family_of(key)
    if family is None:
        return "unknown key with one of our prefixes"
    if not keys.is_text(key) or (family is keys.WINDOW and not keys.window_of(key)):
        return "set aside, since its name is no UTF-8, or not percent-encoded (`keys.encode_name`)"
    if type_ != family.type:
        return f"of the wrong type ({type_}, not {family.type})"
    if family.durable and ttl >= 0:
        return "durable with a TTL"
    if not family.durable and ttl < 0:
        return "evictable without a TTL"
    return ""


def _mb(count: int) -> str:
    return f"{count / 2**20:,.0f} MB"
