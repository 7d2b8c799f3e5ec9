"""What may be shown of an address or a message: everything but passwords.

Messages are made in many places, by libraries too. So it is not their makers who see to this, but
whoever lets a text out: errors, logs and the command line.
"""

import json
import re
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "***"
_SHORTEST = 4
"""A shorter password is hidden in addresses only: anywhere else it would be a part of words."""

_WORD = re.compile(r"\S+")
_IN_WORD = re.compile(r"(://[^:@/]*):.*")
_RAW_IN_URL = re.compile(r"([a-z][a-z0-9+.-]*://[^\s:@/]*):.*@", re.IGNORECASE | re.DOTALL)
_IN_QUERY = re.compile(r"([?&](?:ssl_)?password=)([^&\s'\"]+)", re.IGNORECASE)

_known: set[str] = set()


def keep(secret: str | None) -> None:
    """Never show this text, wherever it stands."""
    if secret and len(secret) >= _SHORTEST:
        texts = (secret, _quoted(secret), unquote(secret))
        _known.update(
            form for text in texts for form in (text, repr(text)[1:-1], json.dumps(text)[1:-1])
        )


def keep_of(address: str) -> None:
    """Never show the passwords of a URL, however wrong it is."""
    keep(address.partition("://")[2].rpartition("@")[0].partition(":")[2])
    for found in _IN_QUERY.finditer(address):
        keep(found[2])


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def shown(address: str) -> str:
    """A URL that can be shown to anyone, however wrong it is."""
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _RAW_IN_URL.sub(rf"\1:{HIDDEN}@", address))


def without_secrets(text: str) -> str:
    """A text without the passwords that are known, and without those of the URLs in it."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _IN_QUERY.sub(rf"\1{HIDDEN}", _WORD.sub(_hidden_in_url, text))


def _hidden_in_url(word: re.Match[str]) -> str:
    """One step for each character: anybody may have a long word shown, as the name of something."""
    before, at, behind = word[0].rpartition("@")
    return _IN_WORD.sub(rf"\1:{HIDDEN}", before) + at + behind if at else word[0]


def all_without_secrets(value: Any) -> Any:
    """The same for every text in a value of JSON's types."""
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, dict):
        return {name: all_without_secrets(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [all_without_secrets(item) for item in value]
    return value
