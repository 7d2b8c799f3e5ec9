"""The input formats of `feed`: JSON Lines, text, conversations, chats; each becomes thoughts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought
from thoughtstream.senses import chat, locomo, salience
from thoughtstream.senses.lines import Line


class Format(StrEnum):
    """How thoughts are written in a file."""

    JSONL = "jsonl"
    TEXT = "text"
    PARAGRAPHS = "paragraphs"
    LOCOMO = "locomo"
    CHAT = "chat"


@dataclass(frozen=True)
class BadLine:
    """A line that could not become a thought, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Defaults:
    """What a thought gets if the input does not say."""

    window: str
    source: str | None = None


_KNOWN = frozenset(NewThought.model_fields)
_BY_NAME = {".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".json": Format.LOCOMO}
_WHOLE = frozenset({Format.LOCOMO, Format.CHAT})
"""Formats that are one JSON document; which of them, the document tells."""


class Reader:
    """Parses lines as they come; `end` gives what a format completes only at the end.

    Without a format, the file's name decides, else the first line: `{` begins JSON Lines, `[`
    alone or before `{` a chat, anything else is text.
    """

    def __init__(self, path: Path, format_: Format | None, defaults: Defaults) -> None:
        self._format = format_ or _BY_NAME.get(path.suffix.lower())
        self._defaults = defaults
        self._held: list[Line] = []

    def read(self, lines: Iterable[Line]) -> Iterator[NewThought | BadLine]:
        """The thoughts that these lines complete, and the bad lines."""
        for line in lines:
            if self._format is None and line[1].strip():
                self._format = _by_first_line(line[1])
            match self._format:
                case Format.LOCOMO | Format.CHAT:
                    self._held.append(line)
                case Format.PARAGRAPHS if line[1].strip():
                    self._held.append(line)
                case Format.PARAGRAPHS:
                    yield from self.end()
                case _ if line[1].strip():
                    yield self._one(*line)

    def end(self) -> Iterator[NewThought | BadLine]:
        """What is left when there are no more lines."""
        held, self._held = self._held, []
        if not held:
            return
        number, whole = held[0][0], b"\n".join(line for _, line in held)
        if self._format in _WHOLE:
            yield from self._conversation(whole)
        else:
            yield self._one(number, b" ".join(whole.split()))

    def _one(self, number: int, line: bytes) -> NewThought | BadLine:
        try:
            text = _utf8(line)
            if self._format is Format.JSONL:
                return self._from_json(text)
            return NewThought.of(
                text,
                window=self._defaults.window,
                source=self._defaults.source,
                salience=salience.of_text(text),
            )
        except InvalidThought as error:
            return BadLine(number, str(error))

    def _from_json(self, text: str) -> NewThought:
        value = _json(text)
        fields = {"content": value} if isinstance(value, str) else value
        if not isinstance(fields, dict):
            raise InvalidThought("is not a JSON object; give one with at least `content`")
        content = fields.pop("content", None)
        if chat.is_message(fields):
            content = chat.text_of(content)
        if not isinstance(content, str):
            raise InvalidThought(f"content: should be text (given: {content!r:.80})")
        known = {k: v for k, v in fields.items() if k in _KNOWN and v is not None}
        extra = {k: _text(v) for k, v in fields.items() if k not in _KNOWN} | chat.whose(fields)
        defaults = {"window": self._defaults.window, "source": self._defaults.source}
        thought = NewThought.of(content, **(defaults | known), **extra)
        if "salience" not in known:
            thought = thought.model_copy(update={"salience": salience.of_text(content)})
        thought.entry()  # refuses names that belong to the engine
        return thought

    def _conversation(self, whole: bytes) -> Iterator[NewThought | BadLine]:
        source, window = self._defaults.source, self._defaults.window
        try:
            document = _json(_utf8(whole))
            messages = chat.messages_of(document)
            if messages is not None:
                yield from chat.thoughts(messages, source=source, window=window)
            elif self._format is Format.CHAT:
                raise InvalidThought("is not a chat: give a list of messages, each with a `role`")
            else:
                yield from locomo.thoughts(document, source=source, window=window)
        except InvalidThought as error:
            yield BadLine(1, str(error))


def _by_first_line(line: bytes) -> Format:
    first = b"".join(line.split())
    if first == b"[" or first.startswith(b"[{"):
        return Format.CHAT
    return Format.JSONL if first.startswith(b"{") else Format.TEXT


def _utf8(line: bytes) -> str:
    try:
        return line.decode().strip().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InvalidThought(f"is not UTF-8 text: {error.reason} at byte {error.start}") from None


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidThought(f"is not JSON: {error}") from None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
