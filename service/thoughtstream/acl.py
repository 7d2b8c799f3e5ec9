"""The ACL: what each Redis user may do. Which keys that are follows from the registry (`keys.py`).

It imports nothing but the standard library and the registry, so that the deployment may render it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from thoughtstream.keys import (
    FAMILIES,
    PROBE,
    WINDOW,
    Domain,
    Writer,
    found_channel,
    write_channel,
)

Role = Literal["admin", "service", "web", "monitor", "replica"]


@dataclass(frozen=True)
class Grant:
    """What a role may do. It reads and writes the keys of its `writers`, and reads those of the
    domains that it `reads`.
    """

    commands: str
    writers: frozenset[Writer] = frozenset()
    reads: frozenset[Domain] = frozenset()
    channels: tuple[str, ...] = ()

    @property
    def rules(self) -> str:
        """As ACL SETUSER takes them. Source: Redis ACL SETUSER."""
        keys = sorted(set(self._keys()))
        channels = [f"&{channel}" for channel in self.channels]
        start = ["resetchannels"] if keys else ["resetkeys", "resetchannels"]
        return " ".join([*start, *channels, *keys, "-@all", self.commands])

    def _keys(self) -> Iterator[str]:
        for family in FAMILIES:
            if self.writers.intersection(family.writers):
                yield f"~{family.glob}"
            elif family.domain in self.reads:
                yield f"%R~{family.glob}"


def _channels(database: int) -> tuple[str, ...]:
    """On which a service listens: those of its database."""
    return (
        found_channel(database),
        write_channel(WINDOW.glob, database),
        write_channel(PROBE.glob, database),
        f"__keyevent@{database}__:new",  # where services before 0.2 listen, while they are replaced
    )


# Categories rather than single commands where a command is younger than Redis 7.0 (WAITAOF is in
# @blocking): an ACL file that names an unknown command keeps the server from starting.
_DATA = "+@read +@write +@blocking +@connection +@transaction"
_NOT = "-@admin -@dangerous -@scripting"
_FUNCTIONS = "+fcall +fcall_ro +function|list"
_HEALTH = (
    "+info +role +time +wait +memory|usage "
    "+acl|whoami +cluster|slots +cluster|shards +cluster|nodes +cluster|info +cluster|myid "
    "+cluster|keyslot +cluster|countkeysinslot +command +latency|latest +slowlog|get"
)
SERVICE = Grant(
    f"{_DATA} +@pubsub {_NOT} {_FUNCTIONS} +function|load +bgrewriteaof {_HEALTH}",
    writers=frozenset(Writer),
    channels=_channels(0),
)
_NOT_OF_THE_WEB = {Writer.SAMPLER, Writer.DISCOVERY, Writer.EVOLUTION, Writer.THOUGHTSEEDS}
# Whoever loads a Function has it run with the rights of all who call it: the service alone may, and
# it loads those of all.
WEB = Grant(
    f"{_DATA} +publish {_NOT} {_FUNCTIONS} {_HEALTH}",
    writers=frozenset(Writer) - _NOT_OF_THE_WEB,
    reads=frozenset(Domain),
    channels=(found_channel(0),),
)
# How Redis is, and nothing of what it is told: SLOWLOG GET shows the arguments of commands, and so
# what people think.
MONITOR = Grant(
    "+ping +info +hello +auth +client|setname +client|id +slowlog|len +latency|latest "
    "+latency|history +memory|stats +memory|doctor +dbsize +time +role +cluster|info "
    "+cluster|nodes +cluster|shards +cluster|slots +acl|whoami +command"
)
REPLICA = Grant("+psync +replconf +ping")

_RULES: dict[Role, str] = {
    "admin": "~* &* +@all",
    "service": SERVICE.rules,
    "web": WEB.rules,
    "monitor": MONITOR.rules,
    "replica": REPLICA.rules,
}


def acl_rules(role: Role, database: int = 0) -> str:
    """The ACL rules of a role, without its password: in this database, where it listens."""
    if role == "service" and database:
        return replace(SERVICE, channels=_channels(database)).rules
    if role == "web" and database:
        return replace(WEB, channels=(found_channel(database),)).rules
    return _RULES[role]
