"""Versions, as packages, programs and images say them. Pure."""

import re

Version = tuple[int, ...]
"""Its numbers, the biggest first."""

_VERSION = re.compile(r"(?:\d+:)?(\d+\.\d+(?:\.\d+)*)")
_TAG = re.compile(r"[^@]*:(?P<major>\d+)(?:\.(?P<minor>\d+))?[^:/@]*(?:@.*)?")


def major_minor(text: str | None) -> Version | None:
    """(major, minor) of a version as a package or `redis-server --version` writes it."""
    return numbers(found)[:2] if (found := upstream(text)) else None


def upstream(text: str | None) -> str | None:
    """The software's own version in a package's: `5:8.0.2-3+deb13u1` -> `8.0.2`."""
    match = _VERSION.search(text) if text else None
    return match[1] if match else None


def numbers(text: str) -> Version:
    """All numbers of a version that has nothing else: `8.0.2` -> (8, 0, 2)."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def tagged(image: str) -> Version | None:
    """The version that an image's tag says: (8, 2), or (8,); None if it says none."""
    tag = _TAG.fullmatch(image)
    return tuple(int(part) for part in tag.groups() if part) if tag else None
