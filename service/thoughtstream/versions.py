"""Versions of Redis."""

OLDEST = (7, 0)
"""Redis Functions, which attention is written in, begin with 7.0."""


def major_minor(version: str) -> tuple[int, int]:
    """Of a version as Redis tells it: `8.2.1` -> (8, 2)."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def dotted(version: tuple[int, int]) -> str:
    """(8, 2) -> `8.2`."""
    return ".".join(str(part) for part in version)
