"""Transcripts of chats: messages, each with a `role` and a `content`: text, or a list of parts."""

from collections.abc import Iterator
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought
from thoughtstream.language.moments import first_moment, milliseconds
from thoughtstream.senses import objects
from thoughtstream.senses.objects import Defaults


def messages_of(document: Any) -> list[dict[str, Any]] | None:
    """The messages of a transcript: a list of them, or an object that has it as `messages`. None if
    this is no transcript.
    """
    found = document.get("messages") if isinstance(document, dict) else document
    if isinstance(found, list) and found and all(map(is_message, found)):
        return found
    return None


def is_message(value: Any) -> bool:
    """Whether this is a message of a chat."""
    return isinstance(value, dict) and isinstance(value.get("role"), str)


def text_of(content: Any) -> Any:
    """The text of a content: its text parts, a line each; anything but a list as it is."""
    if not isinstance(content, list):
        return content
    parts = (part.get("text") if isinstance(part, dict) else part for part in content)
    return "\n".join(part for part in parts if isinstance(part, str) and part)


_WHEN = ("said_at", "timestamp", "created_at", "create_time", "datetime", "date", "time", "ts")
_WHO = ("name", "author", "sender", "from")


def whose(fields: dict[str, Any]) -> dict[str, str]:
    """Who said it and when, as `speaker` and `at` (ms), if other fields tell: exports of chats
    each have names of their own for these. An `at` that is no moment (a place?) is `source_at`.
    """
    names = (name for name in map(fields.get, _WHO) if isinstance(name, str))
    speaker, at = next(names, None), first_moment(map(fields.get, _WHEN))
    found = {} if fields.get("speaker") or not speaker else {"speaker": speaker}
    own = fields.get("at") or ""
    if at is not None and milliseconds(str(own)) is None:
        found |= {"at": str(at)} | ({"source_at": str(own)} if own else {})
    return found


def thoughts(
    messages: list[dict[str, Any]], defaults: Defaults
) -> Iterator[NewThought | InvalidThought]:
    """The messages that say something, in order, or why one can't be a thought; `role` and what
    else is text are fields, as are `speaker` and `at`. What has no text (pictures, calls of tools)
    is left out.
    """
    for number, message in enumerate(messages):
        content = text_of(message.get("content"))
        if isinstance(content, str) and content.strip():
            texts = {k: v for k, v in message.items() if k != "content" and isinstance(v, str)}
            try:
                yield objects.of_object(content, texts | whose(message), defaults)
            except InvalidThought as error:
                yield InvalidThought(f"messages[{number}]: {error}")
