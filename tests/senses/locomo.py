"""Conversations in LoCoMo's form: a small one of our own, and the data set's where it is."""

import json
import os
from pathlib import Path
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.senses import locomo
from thoughtstream.senses.objects import Defaults

SMALL: dict[str, Any] = {
    "speaker_a": "Ada",
    "speaker_b": "Ben",
    "session_2_date_time": "9:05 am on 3 June, 2024",
    "session_2": [
        {"speaker": "Ben", "dia_id": "D2:1", "text": "The glider landed in a field of barley."},
    ],
    "session_1_date_time": "1:56 pm on 8 May, 2024",
    "session_1": [
        {"speaker": "Ada", "dia_id": "D1:1", "text": "Hey Ben! Have you built the glider?"},
        {
            "speaker": "Ben",
            "dia_id": "D1:2",
            "text": "Nearly. Look at the wings:",
            "img_url": ["https://example.org/wings.jpg"],
            "blip_caption": "a photo of a wooden aeroplane in a barn",
        },
        {"speaker": "Ada", "dia_id": "D1:3", "text": "It took you 14 months."},
    ],
}


def turns_of(conversation: Any, *, source: str | None = None) -> list[NewThought]:
    """Its turns as thoughts."""
    found = locomo.thoughts(conversation, Defaults("sensory", source, 65_536))
    return [one for one in found if isinstance(one, NewThought)]


def files(directory: Path) -> list[Path]:
    """The small conversation written to a directory, and those of the data set beside us."""
    small = directory / "small.json"
    small.write_text(json.dumps(SMALL))
    return [small, *data_set()]


def data_set() -> list[Path]:
    """The conversations of the data set, as far as they are there."""
    beside = Path(__file__).parents[2].parent / "shared/data/locomo"
    return sorted(Path(os.environ.get("THOUGHTSTREAM_LOCOMO", beside)).glob("*.json"))
