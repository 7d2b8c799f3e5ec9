"""The addresses of resources: `mind://<mind>/<kind>[/<name>]` and `task://<queue>/<id>`.

A name stands there as it is, with what is unusual in percent; or, where a client would take it for
something else (a slash, a dot at its beginning), as `=` and the base64url of its UTF-8.
"""

import re
from base64 import b64decode, urlsafe_b64encode
from binascii import Error
from typing import NamedTuple
from urllib.parse import quote, unquote

_ADDRESS = re.compile(r"(mind|task)://([^/]+)/([^/]+)(?:/([^/]+))?")
_UNSAFE = re.compile(r"[=.]|.*[/\x00-\x1f\x7f]", re.DOTALL)


class Address(NamedTuple):
    """What a URI names: of a mind (`kind` is attention, attended, memories, …), or of a queue."""

    scheme: str
    owner: str
    kind: str
    name: str | None


def segment(name: str) -> str:
    """A name as a part of a URI."""
    if _UNSAFE.match(name):
        return "=" + urlsafe_b64encode(name.encode(errors="replace")).decode().rstrip("=")
    return quote(name, safe="@")


def mind(name: str, kind: str, which: str | None = None) -> str:
    """The address of something of a mind."""
    return f"mind://{segment(name)}/{kind}" + (f"/{segment(which)}" if which else "")


def task(queue: str, id: str) -> str:
    """The address of a task."""
    return f"task://{segment(queue)}/{segment(id)}"


def parse(uri: str) -> Address | None:
    """What a URI names; None: nothing of ours."""
    found = _ADDRESS.fullmatch(uri)
    if not found:
        return None
    scheme, owner, kind, name = found.groups()
    try:
        return Address(scheme, _named(owner), _named(kind), None if name is None else _named(name))
    except (Error, ValueError):
        return None


def _named(part: str) -> str:
    if not part.startswith("="):
        return unquote(part, errors="strict")
    coded = part[1:]
    return b64decode(coded + "=" * (-len(coded) % 4), b"-_", validate=True).decode()
