"""Garbage of any type, for any key: what a hand with redis-cli, or another program, may leave."""

import random
from typing import Any

from thoughtstream import keys
from thoughtstream.key_family import Family

TYPES = ("stream", "zset", "hash", "set", "list", "string")
_MOST = "18446744073709551615"
_ODD: tuple[bytes | str, ...] = (
    b"\xff\xfe", "", "-1", "nan", "1e400", "[]", "{", "null", '{"content":[]}', "*",
    f"{_MOST}-{_MOST}", "0-0", "x@y", b"caf\xe9@\xff", "\x00", "ana", "[1,2", "9" * 400,
)  # fmt: skip
_FIELDS = ("content", "id", "window", "kind", "score", "salience", "entry", "at", "attended_at",
           "encode_at", "slept_at", "scale", "cycle", "anchored_at", "strength")  # fmt: skip


def per_mind(family: Family) -> bool:
    """Whether its keys are of one mind."""
    return "<mind>" in family.pattern


def key_of(family: Family, **names: str) -> bytes:
    """A key of this family, whose parts are these or else "x"."""
    parts = dict.fromkeys(
        ("window", "id", "kind", "session", "part", "queue", "listener", "key", "reservation",
         "domain", "stream", "run", "architecture", "space", "lineage", "level", "quantity",
         "agent"), "x",
    )  # fmt: skip
    if family is keys.TIMELINE or family is keys.VECTORS:
        parts["kind"] = "episodic"
    return family.key(**parts | names).encode()


async def spoil(redis: Any, key: bytes, type_: str, dice: random.Random) -> None:
    """This key is now something of this type, and no more than that."""

    def odd() -> bytes | str:
        return dice.choice(_ODD)

    pipe: Any = redis.pipeline(transaction=True)
    pipe.delete(key)
    if type_ == "stream":
        for id_ in dice.choice((("1-1", "5-5"), ("5-5", f"{_MOST}-{_MOST}"))):
            fields = dict.fromkeys(dice.sample(_FIELDS, 3))
            pipe.xadd(key, {name: odd() for name in fields}, id=id_)
    elif type_ == "zset":
        pipe.zadd(key, {odd(): dice.choice((0, -1, 1e300, float("inf"))) for _ in "abc"})
    elif type_ == "hash":
        pipe.hset(key, mapping={dice.choice((*_FIELDS, odd())): odd() for _ in "abc"})
    elif type_ == "set":
        pipe.sadd(key, odd(), odd())
    elif type_ == "list":
        pipe.rpush(key, odd(), odd())
    else:
        pipe.set(key, odd())
    await pipe.execute()
