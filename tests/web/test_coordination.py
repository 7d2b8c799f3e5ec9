"""Everything that agents share, over HTTP: any language can be a worker."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from tests.web.served import Web, serving
from thoughtstream.config import QueueConfig, Settings
from thoughtstream.faces.web.names import segment


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    briefly = settings.model_copy(update={"queue": QueueConfig(lease_s=1)})
    with serving(briefly) as web:
        yield web


def test_a_worker_of_any_language(web: Web) -> None:
    made = web.ask("POST", "/v1/queues/emails/tasks", {"payload": "to ana", "priority": 5})
    assert made.status == 201
    rounds = "/v1/queues/emails/rounds"
    [claim] = web.ask("POST", rounds, {"worker": "w", "claim": 8}).json["claims"]
    assert (claim["payload"], web.ask("GET", made.json["url"]).json["state"]) == (
        "to ana", "working",
    )  # fmt: skip
    done = {"id": claim["id"], "token": claim["token"], "verb": "done", "text": '"sent"'}
    for _ in range(2):  # the first answer may have been lost
        assert web.ask("POST", rounds, {"worker": "w", "reports": [done]}).json["lost"] == []
    other = done | {"token": f"9{claim['token']}"}
    late = web.ask("POST", rounds, {"worker": "v", "reports": [other]})
    assert late.json["lost"] == [claim["id"]]
    ended = web.ask("GET", made.json["url"] + "?wait_s=5").json
    assert (ended["state"], ended["text"]) == ("completed", '"sent"')
    audit = web.ask("GET", "/v1/queues/emails").json
    assert (audit["completed"], audit["late"], audit["faults"]) == (1, 1, [])
    assert [*web.ask("GET", "/v1/queues").json] == ["emails"]


def test_a_task_asks_is_answered_fails_is_replayed_and_is_canceled(web: Web) -> None:
    url = web.ask("POST", "/v1/queues/q/tasks", {"payload": "p", "max_attempts": 1}).json["url"]
    rounds = "/v1/queues/q/rounds"

    def say(verb: str, text: str) -> None:
        [claim] = web.ask("POST", rounds, {"worker": "w", "claim": 1}).json["claims"]
        report = {"id": claim["id"], "token": claim["token"], "verb": verb, "text": text}
        web.ask("POST", rounds, {"worker": "w", "reports": [report]})

    say("ask", "really?")
    assert web.ask("GET", url).json["state"] == "input_required"
    assert web.ask("POST", f"{url}/answer", {"text": "yes"}).status == 200
    assert web.ask("POST", f"{url}/answer", {"text": "yes"}).status == 409
    say("dead", "no way")
    assert web.ask("GET", url).json["state"] == "failed"
    assert web.ask("POST", "/v1/queues/q/replay", {}).json == {"replayed": 1}
    assert web.ask("POST", f"{url}/cancel").json == {"canceled": True}
    assert web.ask("POST", f"{url}/cancel").status == 409


def test_submitted_twice_with_a_key_it_is_one(web: Web) -> None:
    key = {"Idempotency-Key": "k1"}
    ids = [
        web.ask("POST", "/v1/queues/q/tasks", {"payload": "p"}, headers=key).json["id"]
        for _ in range(2)
    ]
    assert len(set(ids)) == 1
    wrong = web.ask("POST", "/v1/queues/q/tasks", {"payload": "p", "priority": 5000})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/priority")


async def test_a_message_that_was_not_read_comes_back(web: Web) -> None:
    unknown = await web.post("/v1/agents/ana/messages", {"from": "bob", "text": "hi"})
    assert (unknown.status, unknown.json["type"]) == (404, "/problems/not-found")
    assert (await web.send("PUT", "/v1/agents/ana", {"skills": ["python"]})).status == 200
    sent = (await web.post("/v1/agents/ana/messages", {"from": "bob", "text": "hi"})).json
    [lost] = (await web.post("/v1/agents/ana/inbox", {})).json["items"]
    taken = await web.post("/v1/agents/ana/inbox", {"wait_s": 10})  # after the lease
    [message] = taken.json["items"]
    assert (message["from"], message["text"], message["id"]) == ("bob", "hi", lost["id"])
    late = {"id": lost["id"], "token": lost["token"]}
    assert (await web.post("/v1/agents/ana/inbox/read", late)).status == 409
    read = {"id": message["id"], "token": message["token"], "answer": "fine"}
    assert (await web.post("/v1/agents/ana/inbox/read", read)).json == {"read": True}
    receipt = (await web.get(sent["url"])).json
    assert (receipt["state"], json.loads(receipt["text"])) == ("completed", "fine")


async def test_agents_packets_and_reservations(web: Web) -> None:
    for name in ("ana", "bob"):
        await web.send("PUT", f"/v1/agents/{name}", {})
    assert [one["id"] for one in (await web.get("/v1/agents")).json["items"]] == ["ana", "bob"]
    await web.send("PUT", "/v1/agents/ana/subscriptions", {"domains": ["physics"]})
    new = {"seed": "s", "domain": "physics", "content": "it falls", "targets": ["bob", "carol"]}
    sent = (await web.post("/v1/packets", new)).json
    assert (sorted(sent["delivered"]), [*sent["undeliverable"]]) == (["ana", "bob"], ["carol"])
    assert (await web.get(f"/v1/packets/{sent['id']}")).json["content"] == "it falls"
    odd = f"/v1/reservations/{segment('src/a b.py')}"
    held = await web.send("PUT", odd, {"by": "ana"})
    taken, again = await asyncio.gather(
        web.send("PUT", odd, {"by": "bob"}), web.send("PUT", odd, {"by": "ana"})
    )
    assert (held.status, taken.status, again.status) == (200, 409, 200)
    assert [one["name"] for one in (await web.get("/v1/reservations")).json["items"]] == [
        "src/a b.py"
    ]
    assert (await web.send("DELETE", f"{odd}?by=bob")).status == 404
    assert (await web.send("DELETE", f"{odd}?by=ana")).status == 200
    assert (await web.send("DELETE", "/v1/agents/ana")).status == 204
    assert (await web.send("DELETE", "/v1/agents/ana")).status == 404


@pytest.mark.parametrize("shelf", ["cache", "scratch"])
def test_values_are_kept(web: Web, shelf: str) -> None:
    path = f"/v1/{shelf}/{segment('a/b')}"
    assert web.ask("GET", path).status == 404
    assert web.ask("PUT", path, {"value": {"lines": [1, None]}, "ttl_s": 60}).status == 200
    assert web.ask("GET", path).json["value"] == {"lines": [1, None]}
    wrong = web.ask("PUT", path, {"value": 1, "ttl_s": -1})
    assert wrong.json["errors"][0]["pointer"] == "/ttl_s"
    assert web.ask("DELETE", path).json == {"deleted": True}
