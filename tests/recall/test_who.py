"""Who said it, and whom a question names."""

import pytest

from thoughtstream.memory.who import is_named, named_in, speaker_of

SPEAKERS = ("Ana Souza", "Jürgen", "Will", "Zoë King", "李雷")


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({"speaker": "Ana", "source": "Ben"}, "Ana"),
        ({"speaker": " ", "source": "Ben"}, "Ben"),
        ({"role": "assistant", "source": "chat"}, "assistant"),
        ({"source": "Ana Souza"}, "Ana Souza"),
        ({"source": "李雷"}, "李雷"),
        ({"source": "/var/log/syslog"}, None),
        ({"source": "https://example.org"}, None),
        ({"source": "processes"}, None),
        ({"source": "chat.jsonl"}, None),
        ({"source": "host:8080"}, None),
        ({"source": "sensor_4711"}, None),
        ({"source": "trigger"}, None),
        ({"source": "a sentence that says a lot more than a name"}, None),
        ({"source": "--"}, None),
        ({}, None),
    ],
)
def test_speaker(fields: dict[str, str], speaker: str | None) -> None:
    assert speaker_of(fields) == speaker


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did Ana say?", {"Ana Souza"}),
        ("what did ana say?", {"Ana Souza"}),
        ("ANA'S cat", {"Ana Souza"}),
        ("Did Souza call?", {"Ana Souza"}),
        ("Did Ana Souza call Zoe?", {"Ana Souza", "Zoë King"}),
        ("Was sagte Jurgen?", {"Jürgen"}),
        ("JÜRGEN?", {"Jürgen"}),
        ("will it rain?", set()),
        ("Is Will there?", {"Will"}),
        ("李雷 说了什么", {"李雷"}),
        ("bananas", set()),
        ("", set()),
    ],
)
def test_names_of_a_question(question: str, named: set[str]) -> None:
    assert named_in(question, SPEAKERS) == named


def test_who_is_named_in_full_is_meant_alone() -> None:
    assert named_in("What did Ana Souza say?", ["Ana Souza", "Ana Lima"]) == {"Ana Souza"}
    assert named_in("What did Ana say?", ["Ana Souza", "Ana Lima"]) == {"Ana Souza", "Ana Lima"}


@pytest.mark.parametrize(
    ("name", "speaker", "is_meant"),
    [
        ("ana", "Ana Souza", True),
        ("Souza", "Ana Souza", True),
        ("ana souza", "Ana Souza", True),
        ("Zoe", "Zoë", True),
        ("An", "Ana Souza", False),
        ("", "Ana", False),
    ],
)
def test_asking_for_somebody(name: str, speaker: str, is_meant: bool) -> None:
    assert is_named(name, speaker) is is_meant


def test_a_genitive_names_somebody() -> None:
    assert named_in("Wie heißt Lenas Hund?", ["Lena", "Jonas"]) == {"Lena"}
    assert named_in("Was macht Jonas?", ["Lena", "Jonas"]) == {"Jonas"}
    assert named_in("what do the pens cost?", ["Pen"]) == set()
