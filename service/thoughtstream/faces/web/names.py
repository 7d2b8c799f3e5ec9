"""Names in paths. A mind or a thought may be called anything; a segment of a path may not.

A segment is the percent-encoded name, or `=` and the base64url of its UTF-8 bytes. That is always
allowed, and needed where a name has `/` or a control character, or begins with `=` or `.`: servers
decode a path before they route, and browsers resolve `%2e%2e`.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated
from urllib.parse import quote

from fastapi import Path
from pydantic import AfterValidator

from thoughtstream.keys import MAX_NAME_CHARACTERS

_PLAIN = re.compile(r"[^=./\x00-\x1f\x7f][^/\x00-\x1f\x7f]*")
_BASE64 = re.compile(r"[\w-]+")


def segment(name: str) -> str:
    """A name as a segment of a path."""
    if _PLAIN.fullmatch(name) and name.isprintable():
        return quote(name, safe="@")
    raw = name.encode(errors="surrogateescape")
    return "=" + urlsafe_b64encode(raw).decode().rstrip("=")


def name_of(segment: str) -> str:
    """The name that a segment (percent-decoded) stands for.

    Raises:
        ValueError: what follows `=` is no base64url of UTF-8, or the name is too long.
    """
    name = _decoded(segment)
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError(f"is too long: the most is {MAX_NAME_CHARACTERS:,} characters")
    return name


def _decoded(segment: str) -> str:
    if not segment.startswith("="):
        return segment
    coded = segment[1:]
    try:
        if not _BASE64.fullmatch(coded):
            raise ValueError
        return urlsafe_b64decode(coded + "=" * (-len(coded) % 4)).decode()
    except ValueError:
        raise ValueError(
            "is no name: give it percent-encoded, or `=` and the base64url of its UTF-8 bytes"
        ) from None


Named = Annotated[
    str,
    AfterValidator(name_of),
    Path(
        max_length=5400,
        json_schema_extra={"maxLength": MAX_NAME_CHARACTERS},
        description="Any name. One that has `/`, or begins with `.` or `=`, is given as `=` and "
        "the base64url of its UTF-8 bytes.",
    ),
]
"""A parameter of a path that is a name."""
