"""What is a near duplicate, and what shares a gist."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sleep.model import alike
from thoughtstream.language.similarity import gist, near_duplicates

LONG = "we walked along the old river until the lamps of the harbour came on one by one"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The kettle is on.", "the KETTLE is on", True),
        ("Ein Café am See", "ein cafe am see!", True),
        (LONG, f"{LONG} again", True),
        (LONG, LONG.replace("river", "canal"), True),
        (LONG, LONG.replace("river", "canal").replace("lamps", "lights"), False),
        ("the dog bites the man", "the man bites the dog", False),
        (f"{LONG} at 7", f"{LONG} at 8", False),
        (f"{LONG} and I did say so", f"{LONG} and I did not say so", False),
        (f"{LONG} and I can say so", f"{LONG} and I can't say so", False),
        ("yes", "no", False),
        ("!!!", "!!!", False),
        ("", "", False),
    ],
)
def test_near_duplicates(one: str, other: str, same: bool) -> None:
    assert near_duplicates([(1, one), (2, other)], 0.8) == ({2: 1} if same else {})


word = st.sampled_from(
    ["kettle", "is", "on", "the", "not", "7", "8", "Kettle", "café", "cafe", "-"]
)


@given(
    st.lists(st.lists(word, max_size=9).map(" ".join), max_size=12), st.sampled_from([0.6, 0.8, 1])
)
def test_the_quick_way_finds_what_comparing_all_finds(texts: list[str], similarity: float) -> None:
    expected: dict[int, int] = {}
    firsts: list[int] = []
    for number, text in enumerate(texts):
        first = next((f for f in firsts if alike(texts[f], text, similarity)), None)
        if first is None:
            firsts.append(number)
        else:
            expected[number] = first
    assert near_duplicates(enumerate(texts), similarity) == expected


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The disk is 91% full", "disk: 7 % full!", True),
        ("She bought apples", "buying an apple", True),
        ("I like tea a lot", "I do not like tea a lot", False),
        ("the disk is full", "the disk is empty", False),
        ("the kettle is on", "The kettle is on...", True),
        ("the kettle is on", "the kettle is off", False),
    ],
)
def test_gist(one: str, other: str, same: bool) -> None:
    assert (gist(one) == gist(other)) is same


@pytest.mark.parametrize("text", ["", "Thanks!", "7 is 8", "🎉"])
def test_what_tells_too_little_has_no_gist(text: str) -> None:
    assert gist(text) == ()
