"""What goes wrong with one mind in its owner's hands, in words: as of any connection, and which key
of the mind somebody else has written.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.errors import SpoiltMind
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

_CURE = "RENAME it away, or DEL it"


@asynccontextmanager
async def errors_of_mind(redis: Client, mind: str) -> AsyncIterator[None]:
    """As `typed_errors`.

    Raises:
        SpoiltMind: a key of this mind has another type than it should.
    """
    try:
        with typed_errors():
            yield
    except ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        raise SpoiltMind(await _what_is_spoilt(redis, mind)) from error


async def _what_is_spoilt(redis: Client, mind: str) -> str:
    families = {family.key(mind=mind): family for family in keys.FAMILIES if _is_one(family)}
    for family in (keys.TIMELINE, keys.VECTORS):
        families |= {family.key(mind=mind, kind=kind): family for kind in keys.MEMORIES}
    pipe: Any = redis.pipeline(transaction=False)
    for key in families:
        pipe.type(key)
    with typed_errors():
        types = await pipe.execute()
    for (key, family), type_ in zip(families.items(), types, strict=True):
        if type_ not in ("none", family.type):
            return f"{key}: is a {type_}, not a {family.type}; {_CURE}"
    return (
        f"{mind}: one of its keys has another type than it should: `thoughtstream doctor` names "
        f"it; {_CURE}"
    )


def _is_one(family: keys.Family) -> bool:
    return "<mind>" in family.pattern and family.pattern.count("<") == 1
