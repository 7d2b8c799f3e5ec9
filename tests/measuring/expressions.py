"""What an expression of Prometheus asks for."""

import re
from collections.abc import Iterator

_SELECTOR = re.compile(r"\b(thoughtstream_\w+)(\{[^}]*\})?")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")


def asked_for(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each series that it names, and the labels by which it chooses."""
    for name, labels in _SELECTOR.findall(expression):
        yield name, set(_LABEL.findall(labels))
