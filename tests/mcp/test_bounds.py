"""However much there is to say, an answer is short; however odd a name is, it is that name."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp.shared.exceptions import MCPError

from tests.mcp.clients import asked, in_process, read, text_of
from thoughtstream import Mind
from thoughtstream.config import Settings
from thoughtstream.faces.mcp import uris
from thoughtstream.faces.mcp.fitting import MOST_CHARACTERS, Quoted, fitted
from thoughtstream.faces.mcp.grant import SCOPES, Grant
from thoughtstream.faces.mcp.tool import Answer

ODD = ["a/b", "..", "%2e%2e", "{x}", "=", "é 🦊", "a b", "-", "x" * 1000, "\n", "a?b#c", "a@b:c"]


class Said(Quoted):
    id: str


class Sayings(Answer):
    first: Said | None
    said: list[Said]


texts = st.text(max_size=30) | st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=5), st.integers(0, 20_000)
)
sayings = st.builds(
    lambda text, id_, has_uri: (
        Said(content=text, id=id_).at(uris.mind("ana", "memories", id_))
        if has_uri
        else Said(content=text, id=id_)
    ),
    texts,
    st.text(min_size=1, max_size=2000),
    st.booleans(),
)


@given(st.none() | sayings, st.lists(sayings, max_size=20))
def test_an_answer_fits_and_says_what_is_missing(first: Said | None, said: list[Said]) -> None:
    whole = Sayings(first=first, said=said)
    found = fitted(whole)
    links = sum(len(uri) for uri in found.links)
    assert len(found.text) + links <= MOST_CHARACTERS
    assert json.loads(found.text) == found.answer
    shown = found.answer["said"]
    assert len(shown) + found.answer.get("left_out", 0) == len(said)
    for one, part in zip(said, shown, strict=False):
        assert part["content"] == one.content or "… (cut: " in part["content"]
    if len(whole.model_dump_json()) < MOST_CHARACTERS // 2:
        assert found.links == [] and "left_out" not in found.answer


@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
@example("..", "a/b")
@example("=x", ".")
def test_a_uri_says_what_it_was_made_of(owner: str, name: str) -> None:
    whole = uris.mind(owner, "memories", name)
    assert uris.parse(whole) == ("mind", owner, "memories", name)
    assert whole.isascii() and whole.count("/") == 4
    assert "/." not in whole and "%2F" not in whole
    assert uris.parse(uris.task(owner, name)) == ("task", owner, name, None)


@pytest.mark.parametrize(
    "uri", ["", "mind://", "mind://ana", "file:///etc/passwd", "mind://%ff/attended",
            "mind://=!/attended", "mind://ana/a/b/c"],
)  # fmt: skip
def test_what_is_no_uri_of_ours_is_none(uri: str) -> None:
    assert uris.parse(uri) is None


async def test_recall_never_fills_the_context_of_who_asks(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind, in_process(settings) as client:
        for number in range(20):
            await mind.anchor(f"whale {number} " + "sang " * 10_000, window="w" * 200)
        for limit in (1, 5, 20):
            result = await client.call_tool("recall", {"query": "whale", "limit": limit})
            links: list[Any] = [one for one in result.content if one.type == "resource_link"]
            assert len(text_of(result)) + sum(len(link.uri) for link in links) <= 8000
            answer = result.structured_content
            assert len(answer["memories"]) + answer.get("left_out", 0) == limit
            assert {link.uri for link in links} == {
                uris.mind("ana", "memories", one["id"]) for one in answer["memories"]
            }
        whole = await read(client, links[0].uri)
        assert whole["content"].count("sang") == 10_000


async def test_what_others_wrote_is_shown_whatever_it_is(settings: Settings) -> None:
    odd = ["\ud800".encode(errors="surrogatepass").decode(errors="replace"), "\x00\x1b[31m", "‮"]
    async with Mind.connect("ana", settings=settings) as mind, in_process(settings) as client:
        for text in odd:
            await mind.think(f"odd {text}", salience=0.9)
        await mind._redis.xadd("thought:{ana}:window:sensory", {"content": b"odd \xff"})
        found = await asked(client, "status")
        assert found["unread"] == 4
        for _ in range(4):
            await mind.attend()
        seen = (await asked(client, "attention", limit=20))["thoughts"]
        assert len(seen) == 4
        assert len((await read(client, "mind://ana/attended"))["attended"]) == 4


@pytest.mark.parametrize("name", ODD)
async def test_a_mind_and_a_window_may_have_any_name(settings: Settings, name: str) -> None:
    async with in_process(settings, Grant.of_mind(name, SCOPES)) as client:
        thought = await asked(client, "think", content="hello", window=name)
        kept = await asked(client, "remember", content="remember me")
        [found] = (await asked(client, "recall", query="remember"))["memories"]
        assert found["id"] == kept["id"]
        for one in (await client.list_resources()).resources:
            assert await read(client, one.uri)
        assert (await read(client, uris.mind(name, "memories", kept["id"])))["id"] == kept["id"]
        [waits] = (await read(client, uris.mind(name, "windows", name)))["thoughts"]
        assert waits["content"] == "hello" and thought["id"].startswith(waits["entry"])
        with pytest.raises(MCPError, match="only"):
            await read(client, uris.mind(f"not {name}", "attended"))


async def test_what_is_not_there_is_said_so(settings: Settings) -> None:
    async with in_process(settings) as client:
        for uri, named in (
            ("mind://ana/memories/1-1", "1-1"),
            ("mind://ana/forgotten/1-1", "not"),
            ("mind://ana/forgotten/x", "entry"),
            ("mind://ana/dreams", "a mind has"),
            ("mind://ana/windows", "a mind has"),
            ("task://chores/77", "does not know"),
            ("http://example.org", "no resource here"),
        ):
            with pytest.raises(MCPError, match=named):
                await read(client, uri)
