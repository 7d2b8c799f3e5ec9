"""Any name has a segment of a path, and comes back from it."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.faces.web.names import name_of, segment


@given(name=st.text(min_size=1))
def test_any_name_comes_back(name: str) -> None:
    coded = segment(name)
    assert re.fullmatch(r"[\w%=@.~+-]+", coded, re.A)
    assert coded not in (".", "..")
    assert name_of(unquote(coded)) == name


@pytest.mark.parametrize("name", ["a/b", "..", ".", "=x", "%2F", "{x}", "a\nb", "🧠" * 1000])
def test_what_servers_and_browsers_would_change_is_base64(name: str) -> None:
    assert name_of(unquote(segment(name))) == name
    assert "/" not in segment(name)


@pytest.mark.parametrize("coded", ["=", "=a", "=!!", "=_w"])
def test_what_is_no_base64_of_text_is_refused(coded: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        name_of(coded)
