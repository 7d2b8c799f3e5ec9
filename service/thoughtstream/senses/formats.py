"""The input formats of `feed`: JSON Lines, text, conversations, chats; each becomes thoughts."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought
from thoughtstream.senses import chat, locomo, objects
from thoughtstream.senses.lines import Line
from thoughtstream.senses.objects import Defaults


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
        for number, marked in lines:
            line = (number, marked.removeprefix(codecs.BOM_UTF8))
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
            yield from self._conversation(number, whole)
        else:
            yield self._one(number, b" ".join(whole.split()))

    def _one(self, number: int, line: bytes) -> NewThought | BadLine:
        try:
            text = _utf8(line)
            if self._format is Format.JSONL:
                return self._from_json(text)
            return objects.of_text(text, {}, {}, self._defaults)
        except InvalidThought as error:
            return BadLine(number, str(error))

    def _from_json(self, text: str) -> NewThought:
        value = objects.loads(text)
        fields = {"content": value} if isinstance(value, str) else value
        if not isinstance(fields, dict):
            raise InvalidThought("is not a JSON object; give one with at least `content`")
        content = fields.pop("content", None)
        if chat.is_message(fields):
            content = chat.text_of(content)
        return objects.of_object(content, fields | chat.whose(fields), self._defaults)

    def _conversation(self, number: int, whole: bytes) -> Iterator[NewThought | BadLine]:
        try:
            document = objects.loads(_utf8(whole))
            messages = chat.messages_of(document)
            if messages is not None:
                found = chat.thoughts(messages, self._defaults)
            elif self._format is Format.CHAT:
                raise InvalidThought("is not a chat: give a list of messages, each with a `role`")
            else:
                found = locomo.thoughts(document, self._defaults)
            for item in found:
                yield BadLine(number, str(item)) if isinstance(item, InvalidThought) else item
        except InvalidThought as error:
            yield BadLine(number, str(error))


def _by_first_line(line: bytes) -> Format:
    first = line.lstrip()
    if first.startswith(b"[") and first[1:].lstrip()[:1] in (b"", b"{"):
        return Format.CHAT
    return Format.JSONL if first.startswith(b"{") else Format.TEXT


def _utf8(line: bytes) -> str:
    try:
        return line.decode().strip()
    except UnicodeDecodeError as error:
        raise InvalidThought(f"is not UTF-8 text: {error.reason} at byte {error.start}") from None
