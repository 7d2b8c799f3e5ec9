"""Whatever a file has in it: a thought that the engine takes, or a line that is told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.senses.test_formats import CHAT, MOST_BYTES, contents, read
from thoughtstream.attention.models import ENGINE_FIELDS, MOST_FIELDS, NewThought, check_size
from thoughtstream.senses.formats import BadLine, Format

BOM = b"\xef\xbb\xbf"
HALF = json.dumps("\ud800")
DEEP = "[" * 100_000 + "]" * 100_000


def reasons(found: list[NewThought | BadLine]) -> list[tuple[int, str]]:
    return [(item.line, item.reason) for item in found if isinstance(item, BadLine)]


@pytest.mark.parametrize("first", [b'{"content": "one"}', b'[{"role": "user", "content": "one"}]'])
def test_a_byte_order_mark_does_not_hide_the_format(first: bytes) -> None:
    assert contents(read(BOM + first, name="-")) == ["one"]
    assert contents(read(BOM + b"\n" + first, name="-")) == ["one"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f'{{"content": {HALF}}}', "content: "),
        (f'{{"content": "x", "tag": {HALF}}}', "extra.tag: is not UTF-8"),
        (f'{{"content": "x", {HALF}: "tag"}}', "extra."),
        (f'{{"content": "x", "source": {HALF}}}', "source: is not UTF-8"),
        (f'{{"content": "x", "window": {HALF}}}', "window: "),
        (f'{{"content": "x", "tag": {DEEP}}}', "is nested too deeply"),
        (DEEP, "is nested too deeply"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"content": "x", "n": ' + "9" * 5000 + "}", "is not JSON"),
        (f'{{"content": "{"x" * 70_000}"}}', "size: "),
        (f'{{"content": "x", "tag": "{"é" * 40_000}"}}', "size: 80,"),
        (json.dumps({"content": "x"} | {f"f{n}": "" for n in range(64)}), "fields: 67"),
    ],
)
def test_what_the_engine_would_not_take_is_told_with_its_line(line: str, reason: str) -> None:
    good = '{"content": "good"}'
    found = read("\n".join([good, line, good]), Format.JSONL)
    assert contents(found) == ["good", "good"]
    [(number, told)] = reasons(found)
    assert number == 2 and told.startswith(reason), told[:300]
    assert len(told) < 500


def test_names_of_the_engine_are_kept_as_the_sources() -> None:
    given_ = {"id": 7, "score": "9", "source_score": "mine", "extra": "x", "tag": None}
    for text in (json.dumps({"content": "x"} | given_), json.dumps([{**CHAT[0], **given_}])):
        (thought,) = read(text, name="-")
        assert isinstance(thought, NewThought)
        kept = dict(thought.extra)
        assert kept.pop("source_source_score") == "9"
        assert kept.pop("source_score") == "mine"
        assert kept.pop("extra") == "x"
        assert kept.pop("source_id", "7") == "7"
        assert "tag" not in kept and not ENGINE_FIELDS & kept.keys()


def test_an_object_of_extra_fields_is_fields() -> None:
    (thought,) = read(
        '{"content": "x", "extra": {"salience": 0.25, "content": "y", "n": 1}}', Format.JSONL
    )
    assert isinstance(thought, NewThought)
    assert (thought.salience, thought.extra) == (0.25, {"source_content": "y", "n": "1"})


def test_a_place_is_not_when_it_was_said() -> None:
    fields = {"content": "hot", "at": "the stove", "date": "2023-05-17T05:06:40Z"}
    (thought,) = read(json.dumps(fields), Format.JSONL)
    assert isinstance(thought, NewThought)
    assert thought.extra["at"] == "1684300000000"
    assert thought.extra["source_at"] == "the stove"


def test_a_message_that_is_none_does_not_stop_the_others() -> None:
    chat = [CHAT[0], {**CHAT[0], "tag": "\ud800"}, {**CHAT[0], "kind": "odd"}]
    found = read(json.dumps([*chat, CHAT[0]]), name="-")
    assert len(contents(found)) == 2
    assert [told.partition(": ")[0] for _, told in reasons(found)] == ["messages[1]", "messages[2]"]


@pytest.mark.parametrize("when", [None, 7, [], "soon", "1:56 pm on 8 May, 2024"])
def test_turns_that_are_none_and_odd_dates_do_not_stop_the_others(when: Any) -> None:
    good = {"speaker": "Ada", "dia_id": "D1:1", "text": "hello"}
    turns = [good, good | {"text": None}, 5, good | {"text": "\ud800"}, good]
    found = read(json.dumps({"session_1_date_time": when, "session_1": turns}), Format.LOCOMO)
    assert contents(found) == ["Ada: hello"] * 2
    assert [told.partition(":")[0] for _, told in reasons(found)] == [
        f"session_1[{number}]" for number in (1, 2, 3)
    ]


names = st.sampled_from(
    [*NewThought.model_fields, *ENGINE_FIELDS, "role", "at", "date", "name", "session_1"]
) | st.text(max_size=5)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["\ud800", "x" * 300, "episodic", DEEP]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)  # fmt: skip
objects = st.dictionaries(names, values, max_size=8)


@given(objects, st.sampled_from(Format))
def test_no_object_breaks_it_and_what_it_says_the_engine_takes(
    fields: dict[str, Any], format_: Format
) -> None:
    documents = [
        fields,
        [fields],
        {"content": "x"} | fields,
        [{"role": "x", "content": "y"} | fields],
    ]
    for item in read("\n".join(map(json.dumps, documents)), format_):
        if isinstance(item, NewThought):
            entry = item.entry()
            check_size(entry, MOST_BYTES)
            assert all(text.encode() or True for pair in entry.items() for text in pair)
            assert len(entry) <= MOST_FIELDS
