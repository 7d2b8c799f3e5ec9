"""All minds, in the order that is wished, page by page."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.services import running, until
from tests.web.served import Web, served, serving
from tests.web.streams import reading
from thoughtstream import Mind, keys
from thoughtstream.config import Settings
from thoughtstream.faces.web.order import SORTS, Place, Sort, place_of

pytestmark = pytest.mark.slow


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    async with served(settings) as web:
        for name, thoughts in {"ana": 1, "ben": 3, "cora": 0, "dan": 3, "eve": 2}.items():
            async with Mind.connect(name, settings=settings) as mind:
                await mind.anchor("hello")
                for number in range(thoughts):
                    await mind.think(f"thought {number}", salience=0.9)
                await mind.attend()
        yield web


async def _pages(web: Web, query: str) -> list[list[str]]:
    path, found = f"/v1/minds?{query}", list[list[str]]()
    while path:
        page = (await web.get(path)).json
        found.append([mind["name"] for mind in page["items"]])
        path = page["next"]
    return found


async def test_the_busy_come_first_page_by_page(web: Web) -> None:
    by_name = [["ana", "ben"], ["cora", "dan"], ["eve"]]
    assert await _pages(web, "limit=2") == await _pages(web, "limit=2&sort=name") == by_name
    assert await _pages(web, "limit=2&sort=busy") == [["ben", "dan"], ["eve", "ana"], ["cora"]]
    async with reading(web, view="minds", sort="busy", limit="2") as stream:
        first = await stream.until("minds")
    assert [tile["name"] for tile in first.data["items"]] == ["ben", "dan"]
    async with reading(web, view="minds", sort="busy", limit="2", after="-3:dan") as stream:
        second = await stream.until("minds")
    assert [tile["name"] for tile in second.data["items"]] == ["eve", "ana"]


async def test_what_comes_between_two_pages_moves_nobody(web: Web) -> None:
    first = (await web.get("/v1/minds?limit=2&sort=busy")).json
    async with Mind.connect("aaron", settings=web.settings) as mind:
        for number in range(5):
            await mind.think(f"thought {number}", salience=0.9)
        await mind.attend()
    second = (await web.get(first["next"])).json
    assert [mind["name"] for mind in second["items"]] == ["eve", "ana"]


async def test_those_in_trouble_come_first(web: Web, redis: Redis) -> None:
    spoilt = keys.CONTEST.key(mind="dan")
    await redis.delete(spoilt)
    await redis.set(spoilt, "somebody else's")
    async with running(web.settings):

        async def troubled() -> Any:
            [first, *_] = (await web.get("/v1/minds?sort=trouble")).json["items"]
            return first["trouble"] and first

        await until(troubled)
        first = await troubled()
        assert (first["name"], first["trouble"]["what"]) == ("dan", "fault")
        assert "RENAME" in first["trouble"]["cure"]
        pages = await _pages(web, "limit=2&sort=trouble")
        assert pages == [["dan", "ana"], ["ben", "cora"], ["eve"]]
        async with reading(web, view="minds", sort="trouble", limit="1") as stream:
            told = await stream.until("minds")
        assert [tile["name"] for tile in told.data["items"]] == ["dan"]
    await redis.delete(spoilt)


@pytest.fixture
def empty(settings: Settings) -> Iterator[Web]:
    with serving(settings) as web:
        yield web


def test_a_wrong_order_or_place_is_told_with_the_choices(empty: Web) -> None:
    wrong = empty.ask("GET", "/v1/minds?sort=best")
    assert wrong.status == 422
    assert wrong.json["errors"] == [
        {"pointer": "/sort", "detail": "Input should be 'trouble', 'busy' or 'name'"}
    ]
    for after in ("dan", "x:dan", ":", f"{'9' * 30}:dan"):
        wrong = empty.ask("GET", f"/v1/minds?sort=busy&after={after}")
        assert (wrong.status, wrong.json["detail"][:22]) == (422, "after: is no place by ")
    streamed = empty.ask("GET", "/v1/events?view=minds&sort=best")
    assert (streamed.status, streamed.json["detail"]) == (
        422, "sort: is 'best'; give trouble, busy, name",
    )  # fmt: skip


@given(sort=st.sampled_from(SORTS), name=st.text(min_size=1), in_play=st.integers(0, 10**9))
def test_a_place_is_what_it_says(sort: Sort, name: str, in_play: int) -> None:
    place = place_of(name, sort, in_play=in_play)
    assert Place.of(place.said(sort), sort) == place
