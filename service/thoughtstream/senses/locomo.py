"""Conversations in the format of the LoCoMo data set: each turn becomes a thought."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought
from thoughtstream.language.moments import milliseconds
from thoughtstream.senses import objects
from thoughtstream.senses.objects import Defaults

_SESSION = re.compile(r"session_(\d{1,9})", re.ASCII)
_WHEN = "%I:%M %p on %d %B, %Y"


def thoughts(conversation: Any, defaults: Defaults) -> Iterator[NewThought | InvalidThought]:
    """The turns of a conversation, in the order they were said, or why one can't be a thought.

    A turn's content is `<speaker>: <text>`, and what a picture showed; `speaker`, `dia_id`,
    `session`, `said_at` (ISO 8601, the session's begin, no zone) and `at` (the same in ms) are
    fields of their own.

    Raises:
        InvalidThought: this is not such a conversation.
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
        said_at = _iso(conversation.get(f"session_{number}_date_time"))
        for index, turn in enumerate(turns):
            try:
                yield _thought(turn, number, said_at, defaults)
            except InvalidThought as error:
                yield InvalidThought(f"session_{number}[{index}]: {error}")


def _sessions(conversation: Any) -> list[tuple[int, list[Any]]]:
    if not isinstance(conversation, dict):
        return []
    found = ((_SESSION.fullmatch(name), turns) for name, turns in conversation.items())
    return sorted((int(m[1]), turns) for m, turns in found if m and isinstance(turns, list))


def _thought(turn: Any, session: int, said_at: str, defaults: Defaults) -> NewThought:
    given = turn if isinstance(turn, dict) else {}
    for name in ("speaker", "dia_id", "text"):
        if given.get(name) is None:
            raise InvalidThought(f"has no {name}")
    speaker, dia_id, text = (str(given[name]) for name in ("speaker", "dia_id", "text"))
    at = milliseconds(said_at)
    caption = given.get("blip_caption")
    shown = f" [shows {caption}]" if caption else ""
    extra = {
        "speaker": speaker,
        "dia_id": dia_id,
        "session": str(session),
        **({"said_at": said_at} if said_at else {}),
        **({} if at is None else {"at": str(at)}),
    }
    known = {"salience": defaults.salience(text)}
    return objects.of_text(f"{speaker}: {text}{shown}", known, extra, defaults)


def _iso(when: object) -> str:
    if not isinstance(when, str):
        return ""
    try:
        return datetime.strptime(when, _WHEN).isoformat()
    except ValueError:
        return when
