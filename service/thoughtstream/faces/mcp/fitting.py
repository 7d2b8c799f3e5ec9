"""Answers that fit: what a tool says is short, however much there is to say.

A read tool that answers with everything fills the context of whoever asked. So long contents are
cut, and linked to; what does not fit even then is left out, and counted.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, PrivateAttr

from thoughtstream.faces.mcp.tool import Answer

MOST_CHARACTERS = 8000
"""Of one answer: its text, and the links in it."""

_CUTS = (4000, 2000, 1000, 500, 250, 100, 40)
_LONGEST_URI = 500
_OF_A_LINK = 120
"""What a link has beside its URI and its name."""


class Quoted(Answer):
    """What somebody else said, of any length, as a part of an answer."""

    content: str
    _uri: str | None = PrivateAttr(default=None)

    def at(self, uri: str) -> Self:
        """The same, of which `uri` has the whole."""
        self._uri = uri
        return self

    @property
    def uri(self) -> str | None:
        """Where the whole is."""
        return self._uri


class Fitted(NamedTuple):
    """An answer as it goes out: the object, the same as text, and what was cut, by URI."""

    answer: dict[str, Any]
    text: str
    links: list[str]


def fitted(answer: Answer) -> Fitted:
    """An answer of `MOST_CHARACTERS` at most."""
    for most in (None, *_CUTS):
        found = _with_cuts(answer, most)
        if _size(found) <= MOST_CHARACTERS:
            return found
    return _without_some(found)


def _with_cuts(answer: Answer, most: int | None) -> Fitted:
    plain = answer.model_dump(mode="json", exclude_none=True)
    links = list[str]()
    for quoted, part in _quotes(answer, plain):
        if most is None or len(quoted.content) <= most:
            continue
        uri = quoted.uri if quoted.uri and len(quoted.uri) <= _LONGEST_URI else None
        where = f"; whole: {uri}" if uri else ""
        note = f"… (cut: {len(quoted.content):,} characters{where})"
        part["content"] = quoted.content[:most] + note
        if uri and uri not in links:
            links.append(uri)
    return _told(plain, links)


def _without_some(found: Fitted) -> Fitted:
    """Without the last parts of its lists, until it fits."""
    left_out = 0
    while _size(found) > MOST_CHARACTERS:
        lists = [value for value in found.answer.values() if isinstance(value, list) and value]
        if not lists:
            break
        max(lists, key=lambda parts: len(json.dumps(parts))).pop()
        left_out += 1
        text = json.dumps(found.answer | {"left_out": left_out})
        links = [uri for uri in found.links if json.dumps(uri)[1:-1] in text]
        found = _told(found.answer | {"left_out": left_out}, links)
    return found


def _told(plain: dict[str, Any], links: list[str]) -> Fitted:
    return Fitted(plain, json.dumps(plain, ensure_ascii=False), links)


def _size(found: Fitted) -> int:
    return len(found.text) + sum(2 * len(uri) + _OF_A_LINK for uri in found.links)


def _quotes(said: BaseModel, plain: dict[str, Any]) -> Iterator[tuple[Quoted, dict[str, Any]]]:
    """Each quotation in an answer, and the part of the plain object that it became."""
    if isinstance(said, Quoted):
        yield said, plain
    for name, value in said:
        if isinstance(value, BaseModel):
            yield from _quotes(value, plain[name])
        elif isinstance(value, list):
            for one, part in zip(value, plain.get(name, ()), strict=True):
                if isinstance(one, BaseModel):
                    yield from _quotes(one, part)
