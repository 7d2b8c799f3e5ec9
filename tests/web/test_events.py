"""The event stream: what a reader is told, from a real service, over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.servers import RedisServer
from tests.services import running, until
from tests.web.served import Web, served
from tests.web.streams import Event, reading
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import MemoryConfig, Settings, WebConfig
from thoughtstream.faces.web.place import tokens_of
from thoughtstream.faces.web.watching import reader

pytestmark = pytest.mark.slow

QUIET = MemoryConfig(trigger_limit=0, sleep_every_s=0)
_ODD = [
    b"\xff\xfe lone bytes", b"a\x00b", b"two\n\nevent: state\ndata: {}\n\nlines\r\n",
    "\u202eright to left\u202c".encode(), "\u2028".encode(), b"\xed\xa0\x80", b'"}', b"x" * 60_000,
]  # fmt: skip


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    """The web process, without a service."""
    async with served(settings.model_copy(update={"memory": QUIET})) as web:
        yield web


@pytest.fixture
async def alive(web: Web) -> AsyncIterator[Web]:
    """And with one."""
    async with running(web.settings):
        yield web


@pytest.fixture
async def ana(web: Web) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=web.settings) as mind:
        yield mind


async def test_a_thought_is_seen_as_it_is_attended(alive: Web, ana: Mind) -> None:
    async with reading(alive, mind="ana") as stream:
        hello = await stream.next()
        assert hello is not None and hello.name == "hello"
        assert hello.data["settings"] == {
            "ttl_ms": 5000, "threshold": 0.3, "cycle_target_ms": 50,
        }  # fmt: skip
        assert "read" in hello.data["scopes"]
        await stream.until("state")
        id_ = await ana.think("the kettle is on", salience=0.9)
        attended = await stream.until("attended")
        assert (attended.data["id"], attended.data["content"]) == (id_, "the kettle is on")
        state = await stream.until("state", lambda data: data["intervening"])
        assert state.data["ledger"]["attended"] == 1 and state.id is None
        assert stream.headers["content-type"].startswith("text/event-stream")


async def test_who_changed_what_is_told_and_what_became_of_it(alive: Web, ana: Mind) -> None:
    async with reading(alive, mind="ana") as stream:
        await stream.until("state")
        id_ = await ana.think("the kettle", salience=0.9)
        attended = await stream.until("attended")
        await ana.intervene(id_, "reframe", content="the cattle", by="bob")
        intervened = await stream.until("intervened")
        assert intervened.data == {
            "id": id_, "action": "reframe", "by": "bob", "change": {"content": "the cattle"},
            "closes_at": attended.data["encode_at"],
        }  # fmt: skip
        anchored = await stream.until("anchored")
        assert (anchored.data["id"], anchored.data["content"]) == (id_, "the cattle")


async def test_a_veto_that_is_taken_back_is_two_events(web: Web, ana: Mind) -> None:
    async with reading(web, mind="ana") as stream:
        id_ = await ana.think("the kettle", salience=0.9)
        await ana.attend()
        await stream.until("state", lambda data: data["intervening"])
        await ana.intervene(id_, "veto")
        assert (await stream.until("intervened")).data["action"] == "veto"
        await ana.intervene(id_, "restore")
        assert (await stream.until("intervened")).data["action"] == "restore"


async def test_the_forgotten_are_told_a_few_a_second_and_counted(web: Web, ana: Mind) -> None:
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        await ana.feed([NewThought.of(f"weak {n}", salience=0.1) for n in range(90)])
        await ana.attend()  # one is attended, the others are forgotten
        told, more = 0, 0
        while told + more < 89:
            event = await stream.until("forgotten")
            told, more = told + ("id" in event.data), more + event.data.get("more", 0)
        assert (told, more) == (20, 69)


async def test_a_sleep_is_told(web: Web, ana: Mind) -> None:
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        for _ in range(2):
            await ana.anchor("the kettle is on")
        report = await ana.sleep()
        slept = (await stream.until("slept")).data
        assert slept["session"] == report.session
        assert slept["merged"] == len(report.merged) > 0
        assert slept["replayed"] == len(report.replayed)


async def test_who_comes_again_is_told_of_what_was_missed(alive: Web, ana: Mind) -> None:
    async with reading(alive, mind="ana") as stream:
        await stream.until("state")
        await ana.feed([NewThought.of(f"before {n}", salience=0.9) for n in range(3)])
        known = await stream.attended(3)
    await ana.feed([NewThought.of(f"meanwhile {n}", salience=0.9) for n in range(30)])
    await until(lambda: _attended(ana, 33))
    async with reading(alive, known[0].id, mind="ana") as stream:
        missed = await stream.attended(32)
        await ana.think("and now", salience=0.9)
        missed += await stream.attended(1)
    assert [event.id for event in missed[:2]] == [event.id for event in known[1:]]
    assert len({event.id for event in missed}) == 33
    assert missed[-1].data["content"] == "and now"


async def test_who_knows_only_what_is_gone_is_told_of_a_gap(
    web: Web, ana: Mind, redis: Redis
) -> None:
    for number in range(5):
        await ana.think(f"thought {number}", salience=0.9)
        await ana.attend()
    stream_key = keys.ASSEMBLED.key(mind="ana")
    (first, _), *_ = await _entries(redis)
    await redis.xtrim(stream_key, maxlen=2, approximate=False)
    async with reading(web, last_event_id=first, mind="ana") as stream:
        gap = await stream.until("gap")
        assert gap.data == {"dropped": None, "since": int(first.partition("-")[0])}
        rest = await stream.attended(2)
        assert [event.data["content"] for event in rest] == ["thought 3", "thought 4"]


async def test_when_redis_goes_and_comes_back_every_attended_thought_is_told(
    alive: Web, ana: Mind, server: RedisServer, redis: Redis
) -> None:
    await ana.feed([NewThought.of(f"thought {n}", salience=0.9) for n in range(40)])
    async with reading(alive, last_event_id="0-0", mind="ana") as stream:
        seen = await stream.attended(5)
        with server.frozen():
            trouble = await _heard(stream, "trouble", seen)
            assert trouble.data["what"] == "redis" and trouble.data["cure"]
        await _heard(stream, "recovered", seen)
        while len(seen) < 40:
            seen.append(await stream.until("attended"))
    there = await _entries(redis)
    assert [event.id for event in seen] == [entry for entry, _ in there]


async def test_what_is_no_text_is_told_as_json(web: Web, ana: Mind, redis: Redis) -> None:
    window = keys.WINDOW.key(mind="ana", window="sensory")
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        for odd in _ODD:
            await redis.xadd(window, {"content": odd, "salience": "0.9"})
            await ana.attend()
        told = await stream.attended(len(_ODD))
        for odd, event in zip(_ODD, told, strict=True):
            assert event.data["content"] == odd.decode(errors="replace")[:4096]
            assert event.data.get("truncated", False) == (len(odd) > 4096)
        state = await stream.until("state", lambda data: len(data["attended"]) == len(_ODD))
        assert max(len(one["content"]) for one in state.data["attended"]) == 200
        assert state.data["attended"][0]["truncated"] is True


async def test_what_is_foreign_in_a_mind_is_a_trouble_until_it_is_gone(
    web: Web, ana: Mind, redis: Redis
) -> None:
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        await redis.set(keys.ASSEMBLED.key(mind="ana"), "foreign")
        fault = await stream.until("trouble", lambda data: data["what"] == "fault")
        assert "WRONGTYPE" in fault.data["detail"]
        await redis.delete(keys.ASSEMBLED.key(mind="ana"))
        await stream.until("recovered", lambda data: data["what"] == "fault")
        await ana.think("the kettle", salience=0.9)
        await ana.attend()
        assert (await stream.until("attended")).data["content"] == "the kettle"


async def test_that_nobody_attends_is_told_until_somebody_does(web: Web) -> None:
    async with reading(web, mind="ana") as stream:
        await stream.until("trouble", lambda data: data["what"] == "nobody_attends")
        async with running(web.settings):
            await stream.until("recovered", lambda data: data["what"] == "nobody_attends")


async def test_that_redis_is_full_is_told_until_it_is_not(web: Web, redis: Redis) -> None:
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        await redis.config_set("maxmemory", "1mb")
        try:
            full = await stream.until("trouble", lambda data: data["what"] == "full")
            assert "of 1,048,576 bytes are used" in full.data["detail"]
        finally:
            await redis.config_set("maxmemory", "0")
        await stream.until("recovered", lambda data: data["what"] == "full")


async def test_a_stream_in_which_nothing_happens_stays_awake(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "QUIET_S", 0.5)
    async with reading(web, mind="ana") as stream:
        await stream.until("state")
        listening = asyncio.create_task(stream.next())

        async def hears_of_it() -> bool:
            return stream.comments > 0

        await until(hears_of_it)
        listening.cancel()


async def test_that_the_ledger_is_wrong_is_told(web: Web, ana: Mind, redis: Redis) -> None:
    await ana.think("the kettle", salience=0.9)
    await ana.attend()
    async with reading(web, mind="ana") as stream:
        await redis.hincrby(keys.LEDGER.key(mind="ana"), "adopted", 1)
        trouble = await stream.until("trouble", lambda data: data["what"] == "ledger")
        assert trouble.data["detail"] == "adopted: 2 counted, 1 accounted for"
        await redis.hincrby(keys.LEDGER.key(mind="ana"), "adopted", -1)
        await stream.until("recovered", lambda data: data["what"] == "ledger")


async def test_a_page_of_minds_tells_what_changes_on_it(web: Web, ana: Mind) -> None:
    for number in range(3):
        async with Mind.connect(f"bob {number}", settings=web.settings) as bob:
            await bob.anchor("hello")
    await ana.anchor("hello")
    async with reading(web, view="minds", q="BOB", limit="2") as stream:
        first = await stream.until("minds")
        assert [tile["name"] for tile in first.data["items"]] == ["bob 0", "bob 1"]
        assert first.data["items"][0]["memories"]["episodic"] == 1
        async with Mind.connect("bob 1", settings=web.settings) as bob:
            await bob.think("the kettle", salience=0.9)
            await bob.attend()
        changed = await stream.until("minds", lambda data: data["items"][0]["last"])
        assert [tile["name"] for tile in changed.data["items"]] == ["bob 1"]
        assert changed.data["items"][0]["last"]["content"] == "the kettle"


async def test_redis_is_told_as_http_has_it(alive: Web) -> None:
    asked = (await alive.get("/v1/redis")).json
    async with reading(alive, view="redis") as stream:
        told = (await stream.until("redis")).data
        assert told["version"] == asked["version"]
        assert len(told["services"]) == 1


async def test_who_may_not_look_is_refused(web: Web) -> None:
    _, writer = tokens_of(web.settings).add("writer", ("think",))
    _, of_bob = tokens_of(web.settings).add("bob's", ("read",), ("bob*",))
    answers = {
        "no scope": await web.get("/v1/events?mind=ana", token=writer),
        "not its mind": await web.get("/v1/events?mind=ana", token=of_bob),
        "nobody": await web.get("/v1/events?mind=ana", token=""),
        "no mind": await web.get("/v1/events"),
        "no view": await web.get("/v1/events?view=all"),
        "no order": await web.get("/v1/events?view=minds&sort=best"),
        "no place": await web.get("/v1/events?view=minds&sort=busy&after=x"),
        "no limit": await web.get("/v1/events?view=minds&limit=0"),
        "no GET": await web.post("/v1/events?mind=ana"),
    }
    assert {name: answer.status for name, answer in answers.items()} == {
        "no scope": 403, "not its mind": 404, "nobody": 401, "no mind": 422, "no view": 422,
        "no order": 422, "no place": 422, "no limit": 422, "no GET": 405,
    }  # fmt: skip


async def test_a_stream_ends_when_its_token_is_taken_away(web: Web) -> None:
    tokens = tokens_of(web.settings)
    _, secret = tokens.add("guest", ("read",))
    guest = replace(web, token=secret)
    async with reading(guest, mind="ana") as stream, reading(web, mind="ana") as other:
        await stream.until("state")
        tokens.remove("guest")
        while await stream.next() is not None:
            pass
        await other.until("state")


async def test_one_reader_too_many_is_to_come_later(settings: Settings) -> None:
    crowded = settings.model_copy(update={"web": WebConfig(max_watchers=1)})
    async with served(crowded) as web:
        async with reading(web, mind="ana") as stream:
            await stream.until("hello")
            refused = await web.get("/v1/events?mind=ana")
            assert (refused.status, refused.json["type"]) == (503, "/problems/too-many-watchers")
            assert int(refused.headers["retry-after"]) > 0

        async def again() -> bool:
            async with reading(web, mind="ana") as stream:
                return stream.status == 200

        await until(again)


async def test_streams_end_in_good_order_when_the_server_closes(settings: Settings) -> None:
    async with AsyncExitStack() as server:
        web = await server.enter_async_context(served(settings))
        async with reading(web, mind="ana") as stream:
            await stream.until("state")
            closing = asyncio.create_task(server.aclose())
            while await stream.next() is not None:
                pass
            await closing


async def _heard(stream: Any, name: str, seen: list[Event]) -> Event:
    """The next event of this name; what is attended meanwhile is kept."""
    while (event := await stream.next()) is not None:
        if event.name == name and event.data.get("what") == "redis":
            return event  # type: ignore[no-any-return]
        if event.name == "attended":
            seen.append(event)
    raise EOFError(name)


async def _entries(redis: Any) -> list[tuple[str, dict[str, str]]]:
    """All that was attended and is still there."""
    return list(await redis.xrange(keys.ASSEMBLED.key(mind="ana")))


async def _attended(mind: Mind, number: int) -> bool:
    return (await mind.state(top=1)).ledger.get("attended", 0) >= number
