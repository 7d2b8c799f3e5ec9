"""`thoughtstream agents`, `packets`, `cache`, `scratch`: what they write, any client may read."""

import json
import subprocess

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until

COMMANDS = (
    *(("agents", name) for name in ("join", "list", "show", "leave", "send", "inbox")),
    *(("agents", name) for name in ("reserve", "release", "reservations")),
    *(("packets", name) for name in ("send", "show", "subscribe", "unsubscribe")),
    *(("cache", name) for name in ("get", "set", "delete")),
    *(("scratch", name) for name in ("get", "set", "delete")),
)


@pytest.fixture
def colony(terminal: Terminal, server: RedisServer) -> Terminal:
    """A terminal on a server with nothing in it; no service runs."""
    terminal.env["REDIS_URL"] = server.url
    return terminal


@pytest.mark.parametrize(("group", "command"), COMMANDS)
def test_every_command_explains_itself(terminal: Terminal, group: str, command: str) -> None:
    shown = terminal.call(group, command, "--help")
    assert shown.returncode == 0
    assert f"$ thoughtstream {group} {command}" in shown.stdout and "--json" in shown.stdout


def test_an_agent_joins_is_written_to_and_leaves(colony: Terminal, server: RedisServer) -> None:
    assert colony.json("agents", "join", "ana", "--skills", "python, review")["id"] == "ana"
    with server.client() as client:
        status = json.loads(str(client.get("agent_status:ana")))
    assert status["skills"] == ["python", "review"]
    assert colony.json("agents", "list")["agents"][0]["state"] == "idle"
    assert "python, review" in colony.call("agents", "show", "ana").stdout
    assert colony.call("agents", "send", "bob", "ana", "hi [red]there").returncode == 0
    first = colony.json("agents", "inbox", "ana", "--keep")["messages"]
    assert [(one["from"], one["text"]) for one in first] == [("bob", "hi [red]there")]
    assert "bob hi [red]there" in colony.call("agents", "inbox", "ana").stdout
    assert colony.json("agents", "inbox", "ana")["messages"] == []
    assert colony.json("agents", "leave", "ana") == {"agent": "ana", "left": True}


def test_agents_with_minds_of_a_lineage_stay_and_share(colony: Terminal) -> None:
    def join(mind: str) -> subprocess.Popen[str]:
        options = ("--mind", mind, "--lineage", "kin", "--json")
        return colony.start("agents", "join", f"its {mind}", *options)

    joined = [join(mind) for mind in ("ana", "bob")]
    try:
        for process, mind in zip(joined, ("ana", "bob"), strict=True):
            assert process.stdout is not None
            assert json.loads(process.stdout.readline())["mind"] == mind
        words = ("--kind", "semantic", "--mind", "ana")
        learnt = colony.json("anchor", "tea needs four minutes", *words)["id"]

        def knows() -> bool:
            found = colony.json("recall", "tea", "--mind", "bob")["memories"]
            return [one["fields"]["shared_id"] for one in found] == [learnt]

        wait_until(knows, "bob knows what ana learnt")
    finally:
        for process in joined:
            process.terminate()
            process.communicate(timeout=30)
    assert [process.returncode for process in joined] == [0, 0]
    assert {one["state"] for one in colony.json("agents", "list")["agents"]} == {"offline"}
    refused = colony.call("agents", "join", "its cy", "--lineage", "kin")
    assert refused.returncode == 1 and "say which one the agent has" in refused.stderr


def test_nobody_is_not_written_to(colony: Terminal) -> None:
    sent = colony.call("agents", "send", "bob", "nobody", "hello?")
    assert sent.returncode == 1
    assert "no agent 'nobody' is registered; nothing was sent" in sent.stderr
    assert colony.call("agents", "leave", "nobody").returncode == 1
    assert colony.call("agents", "show", "nobody").returncode == 1


def test_a_value_is_kept_read_and_deleted(colony: Terminal, server: RedisServer) -> None:
    assert colony.call("cache", "get", "k").returncode == 1
    colony.json("cache", "set", "k", '{"lines": 12}')
    with server.client() as client:
        assert json.loads(str(client.get("deepcode:cache:k"))) == {"lines": 12}
        client.set("deepcode:cache:theirs", json.dumps("wie früher"), ex=60)
    assert colony.json("cache", "get", "k")["value"] == {"lines": 12}
    assert colony.call("cache", "get", "theirs").stdout.strip() == '"wie früher"'
    colony.json("cache", "set", "note", "just text", "--ttl", "60")
    assert colony.json("cache", "get", "note")["value"] == "just text"
    assert colony.json("cache", "delete", "k")["deleted"]
    assert "k: is not there" in colony.call("cache", "get", "k").stderr


def test_temporary_state_has_a_time(colony: Terminal, server: RedisServer) -> None:
    colony.json("scratch", "set", "plan", '["read"]', "--ttl", "60")
    with server.client() as client:
        assert json.loads(str(client.get("deepcode:scratch:plan"))) == ["read"]
        assert 0 < int(str(client.ttl("deepcode:scratch:plan"))) <= 60
    assert colony.json("scratch", "get", "plan")["value"] == ["read"]
    assert colony.json("scratch", "delete", "plan")["deleted"]
    assert not colony.json("scratch", "delete", "plan")["deleted"]
    assert "plan: is not there" in colony.json("scratch", "get", "plan", code=1)["error"]
    wrong = colony.json("scratch", "set", "plan", "x", "--ttl", "100000", code=1)["error"]
    assert "ttl_s: is 100000.0; give seconds" in wrong


def test_a_packet_is_sent_read_and_what_nobody_gets_is_said(colony: Terminal) -> None:
    colony.json("agents", "join", "ana")
    colony.json("agents", "join", "bo")
    colony.json("packets", "subscribe", "bo", "physics", "chemistry")
    sent = colony.json("packets", "send", "seed-1", "physics", "it falls", "--to", "ana")
    assert (sent["delivered"], sent["undeliverable"]) == (["ana", "bo"], {})
    for name in ("ana", "bo"):
        [message] = colony.json("agents", "inbox", name)["messages"]
        assert (message["from"], message["text"]) == ("seed-1", "it falls")
    shown = colony.json("packets", "show", sent["id"])
    assert (shown["content"], shown["targets"]) == ("it falls", ["ana"])
    assert "content: it falls" in colony.call("packets", "show", sent["id"]).stdout
    colony.json("packets", "unsubscribe", "bo", "physics")
    nobody = colony.call("packets", "send", "s", "physics", "x", "--to", "cy")
    assert nobody.returncode == 1 and "cy: to: no agent 'cy' is registered" in nobody.stdout
    unheard = colony.json("packets", "send", "s", "physics", "x", code=1)
    assert unheard["undeliverable"] == {"": "no targets, and nobody subscribed to the domain"}
    assert colony.json("tasks", "audit", "packets:undeliverable")["waiting"] == 2
    assert (
        "activation: "
        in colony.json("packets", "send", "s", "d", "x", "--activation", "2", code=1)["error"]
    )
    assert "no such packet" in colony.json("packets", "show", "nothing", code=1)["error"]
