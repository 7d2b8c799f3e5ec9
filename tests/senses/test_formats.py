"""Files and streams become thoughts; what can't is told with its line and the reason."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.attention.models import NewThought
from thoughtstream.senses import salience
from thoughtstream.senses.formats import BadLine, Format, Reader
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.lines import Line
from thoughtstream.senses.objects import Defaults

MOST_BYTES = 65_536


def lines(text: str | bytes) -> list[Line]:
    data = text.encode() if isinstance(text, str) else text
    return list(enumerate(data.split(b"\n"), 1))


def read(
    text: str | bytes, format_: Format | None = None, name: str = "x"
) -> list[NewThought | BadLine]:
    reader = Reader(Path(name), format_, Defaults("sensory", "file", MOST_BYTES))
    return [*reader.read(lines(text)), *reader.end()]


def contents(found: Iterable[NewThought | BadLine]) -> list[str]:
    return [thought.content for thought in found if isinstance(thought, NewThought)]


def test_text_is_a_thought_a_line() -> None:
    found = read("one\n\n  two \r\n", Format.TEXT)
    assert contents(found) == ["one", "two"]
    assert all(isinstance(t, NewThought) and t.source == "file" for t in found)


def test_paragraphs_are_thoughts_of_several_lines() -> None:
    assert contents(read("one\nand\n\n\ntwo\n", Format.PARAGRAPHS)) == ["one and", "two"]


def test_json_lines_say_what_they_like_and_the_rules_say_the_rest() -> None:
    (thought,) = read('{"content": "Hi!", "window": "emotion", "valence": -0.5, "tags": [1, "b"]}')
    assert thought == NewThought(
        content="Hi!",
        window="emotion",
        salience=salience.of_text(Hearing().hear("Hi!")),
        valence=-0.5,
        source="file",
        extra={"tags": '[1, "b"]'},
    )


def test_a_feed_knows_what_it_has_said() -> None:
    first, again, other = read("we bought a boat\n" * 2 + "we bought a tent\n", Format.TEXT)
    assert isinstance(first, NewThought)
    assert isinstance(again, NewThought)
    assert isinstance(other, NewThought)
    assert first.salience > other.salience > again.salience


def test_a_salience_that_is_given_stays() -> None:
    (thought,) = read('{"content": "Anna bought three boats", "salience": 0.125}')
    assert isinstance(thought, NewThought) and thought.salience == 0.125


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "is not JSON"),
        ("[1]", "is not a JSON object"),
        ("{}", "content: should be text (given: None)"),
        ('{"content": 3}', "content: should be text (given: 3)"),
        ('{"content": ""}', "content: String should have at least 1 character"),
        ('{"content": "x", "salience": 7}', "salience: Input should be less than or equal to 1"),
        ('{"content": "x", "salience": NaN}', "salience: "),
        ('{"content": "x", "kind": "odd"}', "kind: "),
        (b'{"content": "\xff"}', "is not UTF-8 text"),
    ],
)
def test_a_bad_line_is_told_and_the_others_go_on(line: str | bytes, reason: str) -> None:
    data = line.encode() if isinstance(line, str) else line
    good = b'{"content": "good"}'
    first, bad, last = read(b"\n".join([good, data, good]), Format.JSONL)
    assert contents([first, last]) == ["good", "good"]
    assert isinstance(bad, BadLine) and bad.line == 2 and bad.reason.startswith(reason), bad


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.jsonl", "nonsense", BadLine),
        ("a.txt", '{"content": "x"}', NewThought),
        ("-", '\n {"content": "x"}', NewThought),
        ("-", "content", NewThought),
    ],
)
def test_the_format_is_told_by_the_name_else_by_the_first_line(
    name: str, text: str, expected: type
) -> None:
    (found,) = read(text, name=name)
    assert isinstance(found, expected)


@given(st.binary(max_size=300), st.sampled_from(Format))
def test_no_input_breaks_it(data: bytes, format_: Format) -> None:
    for item in read(data, format_):
        assert isinstance(item, NewThought | BadLine)


@given(st.text(min_size=1).filter(str.strip))
def test_any_text_survives_json_lines(text: str) -> None:
    (thought,) = read(json.dumps({"content": text}), Format.JSONL)
    assert isinstance(thought, NewThought) and thought.content == text


CHAT: list[dict[str, Any]] = [
    {"role": "user", "content": "Where is the kettle?"},
    {"role": "assistant", "content": [{"type": "text", "text": "On the stove."},
                                      {"type": "image_url", "image_url": {"url": "x"}},
                                      {"type": "text", "text": "It is hot."}]},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
]  # fmt: skip
SAID = [("user", "Where is the kettle?"), ("assistant", "On the stove.\nIt is hot.")]


def said(found: Iterable[NewThought | BadLine]) -> list[tuple[str, str]]:
    return [(one.extra["role"], one.content) for one in found if isinstance(one, NewThought)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["chat.json", "-"])
def test_a_chat_is_understood(name: str, indent: int | None) -> None:
    for document in (CHAT, {"messages": CHAT}) if name == "chat.json" else (CHAT,):
        found = read(json.dumps(document, indent=indent), name=name)
        assert said(found) == SAID
        assert len(found) == len(SAID)


def test_a_chat_may_be_json_lines() -> None:
    found = read("\n".join(map(json.dumps, CHAT)), name="-")
    assert said(found) == SAID
    assert [bad.line for bad in found if isinstance(bad, BadLine)] == [3, 4]


@pytest.mark.parametrize("as_lines", [False, True])
def test_a_message_says_who_and_when_in_many_ways(as_lines: bool) -> None:
    told: list[dict[str, Any]] = [
        {"name": "Ana", "timestamp": 1684300000},
        {"author": "Ben", "created_at": "2023-05-17T05:06:40+00:00"},
        {"from": "Eva", "said_at": "1684300000000", "time": 7},
        {"speaker": "Ida", "name": "x", "at": "1684300000000", "date": "2001-01-01"},
        {"sender": {"id": 1}, "time": 7, "date": "today"},
    ]
    chat = [{"role": "user", "content": "the kettle is on", **one} for one in told]
    text = "\n".join(map(json.dumps, chat)) if as_lines else json.dumps(chat)
    found = [one.extra for one in read(text, name="-") if isinstance(one, NewThought)]
    assert [one.get("speaker") for one in found] == ["Ana", "Ben", "Eva", "Ida", None]
    assert [one.get("at") for one in found] == ["1684300000000"] * 4 + [None]


def test_what_is_no_chat_is_told() -> None:
    [bad] = read("[{}]", Format.CHAT)
    assert isinstance(bad, BadLine)
    assert "is not a chat" in bad.reason
    assert contents(read("[12:00] the kettle is on", name="-")) == ["[12:00] the kettle is on"]
