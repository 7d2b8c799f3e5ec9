"""Which differences a running Redis takes live (CONFIG SET), and which need a restart.

Each directive says which of the two it is (`Directive.live`); here the wanted ones are compared
with those of the server that runs.
"""

import re
from collections.abc import Iterable, Iterator

from deploy.config_files import LocalDirectives, redis_directives
from deploy.directives import Directive
from deploy.facts.redis import RedisState
from deploy.quantities import parse_bytes
from deploy.settings import Stack

Change = tuple[str, str, str]
"""A directive's name, its value now, and the wanted one."""


def live_changes(wanted: Iterable[Directive], running: RedisState) -> tuple[Change, ...]:
    """What the server is to take now, without a restart."""
    return tuple(_differences((line for line in wanted if line.live), running))


def restart_reasons(wanted: Iterable[Directive], running: RedisState) -> str:
    """What the server must restart for, as a person reads it; empty: nothing."""
    found = _differences((line for line in wanted if not line.live), running)
    return ", ".join(f"{name} {old or '-'} -> {new}" for name, old, new in found)


def restart_only(stack: Stack, local: LocalDirectives) -> str:
    """The part of redis.conf that a running server can't change."""
    lines = [*local.directives(), *redis_directives(stack, local)]
    return "\n".join(f"{line.name} {line.value}" for line in lines if not line.live)


def same_value(name: str, one: str, other: str) -> bool:
    """Whether two spellings of a directive's value mean the same (`512mb`, `536870912`)."""
    return _canonical(name, one) == _canonical(name, other)


def _differences(wanted: Iterable[Directive], running: RedisState) -> Iterator[Change]:
    for line in wanted:
        now = running.config.get(line.name)
        if now is not None and not same_value(line.name, now, line.value):
            yield line.name, now, line.value


def _canonical(name: str, value: str) -> object:
    value = value.strip().strip('"')
    if name == "notify-keyspace-events":
        return frozenset(value)
    if re.fullmatch(r"\d+([kmgt]?b)?", value, re.IGNORECASE):
        return parse_bytes(value)
    return value
