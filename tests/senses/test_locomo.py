"""Conversations become thoughts: a turn a thought, in the order they were said."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.senses.locomo import SMALL, files, turns_of
from thoughtstream.attention.models import NewThought
from thoughtstream.errors import InvalidThought


def convert(conversation: Any) -> list[NewThought]:
    return turns_of(conversation, source="small")


def test_turns_keep_speaker_place_and_time() -> None:
    thoughts = convert(SMALL)
    assert [thought.extra["dia_id"] for thought in thoughts] == ["D1:1", "D1:2", "D1:3", "D2:1"]
    assert thoughts[0].content == "Ada: Hey Ben! Have you built the glider?"
    assert thoughts[-1].extra == {
        "speaker": "Ben",
        "dia_id": "D2:1",
        "session": "2",
        "said_at": "2024-06-03T09:05:00",
        "at": str(round(datetime(2024, 6, 3, 9, 5).timestamp() * 1000)),
    }


def test_what_a_picture_shows_is_part_of_the_thought() -> None:
    shown = convert(SMALL)[1].content
    assert shown.endswith("wings: [shows a photo of a wooden aeroplane in a barn]")


def test_the_data_sets_wrapping_is_understood() -> None:
    assert convert({"qa": [], "conversation": SMALL}) == convert(SMALL)


@pytest.mark.parametrize(
    ("conversation", "reason"),
    [
        ([], "session_1: is missing"),
        ({"a": 1}, "session_1: is missing"),
    ],
)
def test_what_is_no_conversation_is_told(conversation: Any, reason: str) -> None:
    with pytest.raises(InvalidThought, match=reason):
        convert(conversation)


def test_every_turn_of_every_conversation_is_there(tmp_path: Path) -> None:
    for file in files(tmp_path):
        conversation = json.loads(file.read_text())
        turns = [
            turn["dia_id"]
            for name, session in conversation.items()
            if name.startswith("session_") and isinstance(session, list)
            for turn in session
        ]
        found = [thought.extra["dia_id"] for thought in convert(conversation)]
        assert sorted(found) == sorted(turns)
        assert len(set(found)) == len(found)
