"""Everything that a program can do with a mind in Python, it can do over HTTP."""

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.services import running, until
from tests.web.served import Web, served
from thoughtstream.config import MemoryConfig, Settings, StreamConfig
from thoughtstream.faces.web.names import segment

SHORT = StreamConfig(working_memory_ttl_ms=1500, cycle_target_ms=10)


@pytest.fixture
async def web(settings: Settings) -> AsyncIterator[Web]:
    quick = settings.model_copy(
        update={"streams": SHORT, "memory": MemoryConfig(trigger_limit=0, sleep_every_s=0)}
    )
    async with running(quick), served(quick) as web:
        yield web


async def test_a_thought_goes_its_whole_way(web: Web) -> None:
    made = await web.post("/v1/minds/ana/thoughts", {"content": "the kettle is on", "room": "k"})
    assert made.status == 201
    assert made.headers["location"] == made.json["url"]

    async def attended() -> Any:
        return (await web.get("/v1/minds/ana/attended")).json["items"]

    await until(attended)
    [won] = await attended()
    assert (won["id"], won["fields"]["room"]) == (made.json["id"], "k")
    assert [one["id"] for one in (await web.get("/v1/minds/ana/intervening")).json] == [won["id"]]

    async def remembered() -> Any:
        return (await web.get("/v1/minds/ana/memories?q=kettle")).json["items"]

    await until(remembered)
    [memory] = await remembered()
    assert memory["content"] == "the kettle is on"
    whole = await web.get(f"/v1/minds/ana/memories/{segment(memory['id'])}")
    assert whole.json["provenance"]["merged_from"] == []
    assert (await web.get("/v1/minds/ana/audit")).json["balanced"] is True


async def test_no_request_takes_a_thread(web: Web) -> None:
    """One for each thing that a request declares would cost more than all else that it does."""
    await web.post("/v1/minds/ana/thoughts", {"content": "the kettle is on"})
    await web.get("/v1/minds")
    await web.get("/v1/agents")
    assert not [thread for thread in threading.enumerate() if "AnyIO" in thread.name]


async def test_a_thought_is_found_wherever_it_is(web: Web) -> None:
    many = {
        "thoughts": [{"content": "strong", "salience": 0.9}, {"content": "weak", "salience": 0.1}]
    }
    strong, weak = (await web.post("/v1/minds/ana/thoughts", many)).json["ids"]

    async def place(id_: str) -> Any:
        return (await web.get(f"/v1/minds/ana/thoughts/{segment(id_)}")).json["place"]

    async def is_(id_: str, *places: str) -> bool:
        return await place(id_) in places

    assert await is_(strong, "waiting", "competing", "intervening")
    await until(lambda: is_(strong, "intervening"))
    await until(lambda: is_(weak, "forgotten"))
    vetoed = (await web.post("/v1/minds/ana/thoughts", {"content": "a mistake"})).json
    await until(lambda: is_(vetoed["id"], "intervening"))
    await web.post(f"{vetoed['url']}/interventions", {"action": "veto"})
    await until(lambda: is_(strong, "remembered"))
    await until(lambda: is_(vetoed["id"], "attended"))
    found = (await web.get(f"/v1/minds/ana/thoughts/{segment(strong)}")).json
    assert (await web.get(found["memory"])).json["content"] == "strong"
    unknown = await web.get("/v1/minds/ana/thoughts/1-1@sensory")
    wrong = await web.get("/v1/minds/ana/thoughts/abc")
    assert (unknown.status, wrong.status) == (404, 422)


async def test_an_intervention_is_once_and_too_late_says_so(web: Web) -> None:
    made = (await web.post("/v1/minds/ana/thoughts", {"content": "a mistake"})).json["id"]

    async def open_() -> Any:
        return (await web.get("/v1/minds/ana/intervening")).json

    await until(open_)
    path = f"/v1/minds/ana/thoughts/{segment(made)}/interventions"
    twice = await asyncio.gather(*(web.post(path, {"action": "veto"}) for _ in range(2)))
    assert [answer.status for answer in twice] == [200, 200]
    odd = await web.post(path, {"action": "reframe"})
    assert (odd.status, odd.json["detail"][:23]) == (422, "reframe: say what to ch")

    async def closed() -> Any:
        return not await open_()

    await until(closed)
    late = await web.post(path, {"action": "veto"})
    assert (late.status, late.json["type"]) == (409, "/problems/intervention-closed")
    audit = (await web.get("/v1/minds/ana/audit")).json
    assert (audit["vetoed"], audit["memories"]) == (1, 0)


async def test_memories_are_made_corrected_forgotten_taken_back_and_erased(web: Web) -> None:
    made = (await web.post("/v1/minds/ana/memories", {"content": "the train leaves at 9"})).json
    better = await web.send("PATCH", made["url"], {"content": "the train leaves at 10"})
    assert better.json["supersedes"] == made["id"]
    gone = await web.send("DELETE", better.json["url"])
    assert (await web.get("/v1/minds/ana/memories")).json["items"] == []
    [last, first] = (await web.get("/v1/minds/ana/forgotten")).json["items"]
    assert (last["entry"], first["content"]) == (gone.json["entry"], "the train leaves at 9")
    back = await web.post(f"/v1/minds/ana/forgotten/{last['entry']}/take-back", {})
    assert back.json["id"] == better.json["id"]
    assert (await web.post(better.json["url"] + "/erase")).status == 200
    assert (await web.get(better.json["url"])).status == 404
    assert (await web.get("/v1/minds/ana/audit")).json["balanced"] is True


async def test_pages_follow_each_other(web: Web) -> None:
    for number in range(5):
        await web.post("/v1/minds/ana/memories", {"content": f"memory {number}"})
    path, found = "/v1/minds/ana/memories?limit=2", list[str]()
    while path:
        page = (await web.get(path)).json
        found += [one["content"] for one in page["items"]]
        path = page["next"]
    assert found == [f"memory {number}" for number in reversed(range(5))]


async def test_what_is_asked_twice_with_a_key_is_done_once(web: Web) -> None:
    key = {"Idempotency-Key": "a1"}
    first, second = [
        await web.post("/v1/minds/ana/thoughts", {"content": "once"}, headers=key) for _ in "ab"
    ]
    assert first.json == second.json
    other = await web.post("/v1/minds/ana/thoughts", {"content": "other"}, headers=key)
    assert (other.status, other.json["type"]) == (422, "/problems/idempotency-key-reused")


async def test_one_wrong_thought_and_none_is_written(web: Web) -> None:
    many = {"thoughts": [{"content": "a"}, {"content": "b", "salience": 1.5}]}
    refused = await web.post("/v1/minds/ana/thoughts", many)
    assert [one["pointer"] for one in refused.json["errors"]] == ["/thoughts/1/salience"]
    lines = b'{"content": "a"}\n{"content": 5}\nno json\n'
    refused = await web.post("/v1/minds/ana/feed", raw=lines)
    assert [one["pointer"][:7] for one in refused.json["errors"]] == ["/line/2", "/line/3"]
    assert (await web.get("/v1/minds")).json["items"] == []
    fed = await web.post("/v1/minds/ana/feed", raw=b'{"content": "a"}\n\n{"content": "b"}')
    assert len(fed.json["ids"]) == 2


@pytest.mark.parametrize("name", ["a/b", "..", "%2F", "{x}", "🧠", "=ana", "🧠" * 1000])
async def test_any_mind_has_an_address(web: Web, name: str) -> None:
    made = await web.post(f"/v1/minds/{segment(name)}/memories", {"content": "a kettle"})
    assert made.status == 201
    [item] = (await web.get("/v1/minds")).json["items"]
    assert item["name"] == name
    found = await web.get(f"{item['url']}/memories?q=kettle")
    assert [one["id"] for one in found.json["items"]] == [made.json["id"]]
    assert (await web.get(made.json["url"])).json["content"] == "a kettle"


async def test_an_export_goes_into_another_mind_and_the_first_is_deleted(web: Web) -> None:
    await web.post("/v1/minds/ana/memories", {"content": "a kettle"})
    export = (await web.get("/v1/minds/ana/export")).raw
    cut = await web.post("/v1/minds/bob/import", raw=export[:-10])
    assert (cut.status, cut.json["type"]) == (422, "/problems/bad-export")
    taken = await web.post("/v1/minds/bob/import", raw=export)
    assert taken.json["memories"] == 1
    would = await web.send("DELETE", "/v1/minds/ana?dry_run=true")
    assert would.json["memories"]["episodic"] == 1
    refused = await web.send("DELETE", "/v1/minds/ana?confirm=anna")
    assert (refused.status, refused.json["type"]) == (422, "/problems/not-confirmed")
    assert (await web.send("DELETE", "/v1/minds/ana?confirm=ana")).status == 200
    names = [mind["name"] for mind in (await web.get("/v1/minds")).json["items"]]
    assert names == ["bob"]
    assert (await web.send("DELETE", f"/v1/minds/{quote('nosuch')}?confirm=nosuch")).status == 404
