"""Any text is a safe query, and any content can be remembered."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.recall.conftest import Place
from tests.recall.servers import anchor, settings_for, settle
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.language.english import STOP_WORDS
from thoughtstream.language.words import MOST_WORDS, Query, stem, words

pytestmark = pytest.mark.slow

OPERATORS = [
    '"', "'", "(", ")", "{", "}", "[", "]", "|", "-", "~", "%", "*", "@", "$", ":", "=>", "^", "+",
    "$0", "\\", "\0", "AND", "OR", "NOT", "NEAR(", "inf", "nan", "as", "true", "null", "rowid",
    "w'*'", "content:", "@content:", "é", "नि", "😀", "\ud800", "\u202e",
]  # fmt: skip

texts = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(codec=None)),
    st.lists(st.sampled_from(OPERATORS + sorted(STOP_WORDS))).map(" ".join),
    st.lists(st.sampled_from(OPERATORS)).map("".join),
    st.text(min_size=1, max_size=20).map(lambda text: text * 500),
    st.binary().map(lambda raw: raw.decode(errors="surrogateescape")),
)
on_a_server = hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@on_a_server
@given(text=texts)
async def test_any_query_is_safe(place: Place, tmp_path: Path, text: str) -> None:
    async with Mind.connect("fuzzed", settings=settings_for(place.server, tmp_path)) as mind:
        if not await mind.recall("kettle"):
            await anchor(mind, [NewThought.of("the kettle is on")])
        assert isinstance(await mind.recall(text), list)
        for sure in (f"{text} kettle", f"kettle {text}"):
            if any(term.stem == stem("kettle") for term in Query.of(sure).terms):
                assert [m.content for m in await mind.recall(sure)] == ["the kettle is on"]
        assert mind._recall.index == place.index


@on_a_server
@given(content=st.one_of(st.binary(), texts.map(lambda text: text.encode(errors="replace"))))
async def test_any_content_is_remembered(place: Place, tmp_path: Path, content: bytes) -> None:
    content = content[:50_000]
    with place.server.client() as client:
        client.flushall()
    async with Mind.connect("fuzzed", settings=settings_for(place.server, tmp_path)) as mind:
        for written in (b"kettle " + content, b"-" + content):
            with place.server.client() as client:
                client.xadd(keys.WINDOW.key(mind="fuzzed", window="sensory"), {"content": written})
            await settle(mind)
        [first, *_] = await mind.recall("kettle")
        assert first.content == "kettle " + content.decode(errors="replace")
        again = await mind.recall(content.decode(errors="replace"))
        assert all(json.loads(memory.model_dump_json())["content"] for memory in again)
        assert mind._recall.index == place.index


@given(text=texts)
def test_words_have_neither_accents_nor_capitals(text: str) -> None:
    for word in words(text):
        assert word == word.lower()
        assert words(word) == [word]


@given(text=texts)
def test_queries_are_bounded(text: str) -> None:
    terms = Query.of(text).terms
    assert len(terms) <= MOST_WORDS
    assert len({term.stem for term in terms}) == len(terms)
    assert bool(terms) == bool(words(text))
