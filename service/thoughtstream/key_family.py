"""A family of keys: the pattern of their names, their type and life, and who writes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from urllib.parse import unquote

MAX_NAME_CHARACTERS = 1000

_PLACEHOLDER = re.compile(r"<(\w+)>")
_RESERVED = re.compile(r"[{}%\x00-\x1f\x7f]")
_GLOB = re.compile(r"[*?\[\]\\^]")


class Domain(StrEnum):
    """What memory is spent on: `config.BudgetsConfig` has a budget for each."""

    THOUGHTS = "thoughts"
    MEMORIES = "memories"
    COORDINATION = "coordination"
    AGENTS = "agents"
    CACHE = "cache"
    INFERENCE = "inference"


class Writer(StrEnum):
    """Who writes keys: a library of Redis Functions or, by plain commands, producers (whoever has
    a thought), triggers, and operators (who deploy and back up).
    """

    PRODUCERS = "producers"
    ATTENTION = "attention"
    TRIGGERS = "triggers"
    CONSOLIDATION = "consolidation"
    QUEUE = "queue"
    CACHE = "cache"
    AGENTS = "agents"
    RESERVE = "reserve"
    PACKETS = "packets"
    LINEAGE = "lineage"
    SAMPLER = "sampler"
    DISCOVERY = "discovery"
    RECALL = "recall"
    LEARNING = "learning"
    OWNER = "owner"
    EVOLUTION = "evolution"
    THOUGHTSEEDS = "thoughtseeds"
    OPERATORS = "operators"


RedisType = Literal["stream", "zset", "hash", "set", "list", "string"]


@dataclass(frozen=True)
class Family:
    """One kind of key.

    `ttl_s` is the time to live in seconds: a key with one may be evicted under memory pressure
    (`volatile-lru`), a key without one never is. `bound` says what keeps the family from growing.
    `writers`: nobody else changes its keys.
    """

    name: str
    pattern: str
    type: RedisType
    domain: Domain
    bound: str
    writers: tuple[Writer, ...]
    ttl_s: int | None = None

    @property
    def durable(self) -> bool:
        """Whether eviction must never touch it."""
        return self.ttl_s is None

    @property
    def glob(self) -> str:
        """The pattern as Redis globs it (SCAN MATCH, ACL)."""
        return _PLACEHOLDER.sub("*", self.pattern)

    def glob_of(self, **parts: str) -> str:
        """The glob of all keys that have these parts; the parts left out may be anything."""
        return _PLACEHOLDER.sub(
            lambda m: _GLOB.sub(r"\\\g<0>", encode_name(parts[m[1]])) if m[1] in parts else "*",
            self.pattern,
        )

    def key(self, **parts: str) -> str:
        """The key of these parts, each encoded but for `id`, which is made of encoded names.

        Raises:
            ValueError: a part is empty or too long; KeyError: a part is missing.
        """
        return _PLACEHOLDER.sub(lambda m: _part(m[1], parts[m[1]]), self.pattern)


def encode_name(name: str, *, what: str = "name") -> str:
    """A name as it stands in a key: `{`, `}`, `%` and control characters percent-encoded.

    Braces would move the hash tag, so that two minds could share keys; everything else (spaces,
    colons, any language) stands as it is.

    Raises:
        ValueError: the name is empty or longer than 1,000 characters.
    """
    if not name:
        raise ValueError(f"{what}: is empty; give it at least one character")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"{what}: has {len(name)} characters; the most is {MAX_NAME_CHARACTERS}")
    return _RESERVED.sub(lambda m: f"%{ord(m[0]):02X}", name)


def is_text(text: str) -> bool:
    """Whether it can be written in UTF-8: bytes that are none are surrogates here."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_NEITHER_CHARACTER_NOR_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def readable(text: str) -> str:
    """The text, with U+FFFD for what is none, as `bytes.decode(errors="replace")` would have it:
    bytes that are no UTF-8, as in a name that was cut inside a character, and halves of surrogate
    pairs.
    """
    if is_text(text):
        return text
    escaped = _NEITHER_CHARACTER_NOR_BYTE.sub("\ufffd", text)
    return escaped.encode(errors="surrogateescape").decode(errors="replace")


def readable_fields(fields: Mapping[str, str]) -> dict[str, str]:
    """The same of names and values."""
    return {readable(name): readable(value) for name, value in fields.items()}


def _part(name: str, value: str) -> str:
    if name != "id":
        return encode_name(value, what=name)
    if not value:
        raise ValueError("id: is empty")
    return value


def decode_name(encoded: str) -> str:
    """The name that `encode_name` wrote."""
    return unquote(encoded) if "%" in encoded else encoded
