"""Conversations in the format of the LoCoMo data set: each turn becomes a thought."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought
from thoughtstream.language.moments import milliseconds
from thoughtstream.senses import salience

_SESSION = re.compile(r"session_(\d+)")
_WHEN = "%I:%M %p on %d %B, %Y"


def thoughts(conversation: Any, *, source: str | None, window: str) -> Iterator[NewThought]:
    """The turns of a conversation, in the order they were said.

    A turn's content is `<speaker>: <text>`, and what a picture showed; `speaker`, `dia_id`,
    `session`, `said_at` (ISO 8601, the session's begin, no zone) and `at` (the same in ms) are
    fields of their own.

    Raises:
        InvalidThought: this is not such a conversation, or a turn lacks something.
    """
    if isinstance(conversation, dict) and isinstance(conversation.get("conversation"), dict):
        conversation = conversation["conversation"]
    sessions = _sessions(conversation)
    if not sessions:
        raise InvalidThought(
            "session_1: is missing, so this is not a LoCoMo conversation; "
            "choose another --format (jsonl, text, paragraphs)"
        )
    for number, turns in sessions:
        said_at = _iso(conversation.get(f"session_{number}_date_time", ""))
        for index, turn in enumerate(turns):
            yield _thought(turn, f"session_{number}[{index}]", number, said_at, source, window)


def _sessions(conversation: Any) -> list[tuple[int, list[Any]]]:
    if not isinstance(conversation, dict):
        return []
    found = ((_SESSION.fullmatch(name), turns) for name, turns in conversation.items())
    return sorted((int(m[1]), turns) for m, turns in found if m and isinstance(turns, list))


def _thought(
    turn: Any, where: str, session: int, said_at: str, source: str | None, window: str
) -> NewThought:
    try:
        speaker, dia_id, text = (str(turn[name]) for name in ("speaker", "dia_id", "text"))
    except (KeyError, TypeError) as error:
        raise InvalidThought(f"{where}: has no {error.args[0]}") from None
    at = milliseconds(said_at)
    caption = turn.get("blip_caption")
    shown = f" [shows {caption}]" if caption else ""
    return NewThought(
        content=f"{speaker}: {text}{shown}",
        window=window,
        salience=salience.of_text(text),
        source=source,
        extra={
            "speaker": speaker,
            "dia_id": dia_id,
            "session": str(session),
            **({"said_at": said_at} if said_at else {}),
            **({} if at is None else {"at": str(at)}),
        },
    )


def _iso(when: str) -> str:
    try:
        return datetime.strptime(when, _WHEN).isoformat()
    except ValueError:
        return when
