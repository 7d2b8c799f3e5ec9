"""The eight tools of a mind: what each does, and how it says that it can't."""

import json
from pathlib import Path

import pytest
from mcp import Client

from tests.mcp.clients import ANA, asked, in_process, read, refused
from tests.services import until
from thoughtstream import Mind
from thoughtstream.config import Settings
from thoughtstream.faces.mcp.grant import SCOPES, Grant
from thoughtstream.faces.mcp.request import NOBODY

GOLDEN = Path(__file__).parent / "tools.json"
MIND_TOOLS = (
    "recall", "think", "remember", "attention", "intervene", "forgotten", "take_back", "status",
)  # fmt: skip


async def listed(client: Client) -> list[dict[str, object]]:
    found = (await client.list_tools()).tools
    return [one.model_dump(mode="json", by_alias=True, exclude_none=True) for one in found]


async def test_the_list_of_tools_is_the_golden_one(settings: Settings) -> None:
    async with in_process(settings) as client:
        found = await listed(client)
        instructions = client.instructions
    assert found == json.loads(GOLDEN.read_text()), "write it anew: python -m tests.mcp.golden"
    assert instructions is not None and len(instructions) < 500


async def test_the_list_is_small_and_says_everything(settings: Settings) -> None:
    async with in_process(settings) as client:
        found = await listed(client)
    assert tuple(one["name"] for one in found)[:8] == MIND_TOOLS
    sizes = [len(json.dumps(one, separators=(",", ":"), ensure_ascii=False)) for one in found]
    assert sum(sizes[:8]) <= 1500 * 4
    assert sum(sizes) <= 2700 * 4
    for one in found:
        assert one["title"] and one["outputSchema"]
        hints = one["annotations"]
        assert isinstance(hints, dict)
        assert hints.keys() == {
            "readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "count"), [(["read"], 4), (["think"], 6), (["think", "intervene"], 8), (SCOPES, 15)]
)
async def test_what_is_not_allowed_is_not_listed_and_not_done(
    settings: Settings, scopes: list[str], count: int
) -> None:
    async with in_process(settings, Grant.of_mind("ana", scopes)) as client:
        names = {one["name"] for one in await listed(client)}
        assert len(names) == count
        if "think" not in names:
            said = await refused(client, "think", content="let me in")
            assert "--allow think" in said
            async with Mind.connect("ana", settings=settings) as mind:
                assert (await mind.audit()).unread == 0


@pytest.mark.slow
async def test_a_thought_is_attended_changed_and_remembered(settings: Settings) -> None:
    async with in_process(settings, attend=True) as client:
        thought = await asked(client, "think", content="the ketle is on", salience=0.9)
        assert thought.keys() == {"id"}

        async def is_attended() -> bool:
            found = (await asked(client, "attention"))["thoughts"]
            return bool(found) and found[0]["state"] == "changeable"

        await until(is_attended)
        change = {"action": "reframe", "content": "the kettle is on"}
        await asked(client, "intervene", thought=thought["id"], **change)
        [seen] = (await asked(client, "attention"))["thoughts"]
        assert 0 < seen["closes_in_s"] <= 5 and seen["id"] == thought["id"]

        async def is_remembered() -> bool:
            found = await asked(client, "recall", query="kettle")
            return [one["content"] for one in found["memories"]] == ["the kettle is on"]

        await until(is_remembered)
        state = await asked(client, "status")
        assert state["attended"] and state["balanced"] and state["memories"] == 1
        assert "warning" not in state


async def test_remember_recall_and_their_filters(settings: Settings) -> None:
    async with in_process(settings) as client:
        first = await asked(client, "remember", content="tea needs four minutes", kind="procedural")
        await asked(client, "remember", content="the tea is from Assam", kind="semantic")
        assert first["durability"] == "memory"
        for alias in ("query", "q", "text"):
            found = await asked(client, "recall", **{alias: "tea minutes"})
            assert found["memories"][0]["id"] == first["id"]
        only = await asked(client, "recall", query="tea", kind="semantic")
        assert [one["content"] for one in only["memories"]] == ["the tea is from Assam"]
        assert (await asked(client, "recall", query="tea", until="2001-01-01")) == {"memories": []}
        whole = await read(client, f"mind://ana/memories/{first['id']}")
        assert whole["content"] == "tea needs four minutes" and whole["provenance"]["strength"] == 1


async def test_remember_is_done_once_for_each_key(settings: Settings) -> None:
    async with in_process(settings) as client:
        once = await asked(client, "remember", content="once", idempotency_key="k1")
        assert await asked(client, "remember", content="once", idempotency_key="k1") == once
        assert "k1" in await refused(client, "remember", content="other", idempotency_key="k1")
        assert (await asked(client, "status"))["memories"] == 1


async def test_what_was_forgotten_is_found_and_taken_back(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind, in_process(settings) as client:
        await mind.think("the house is on fire", salience=0.9)
        await mind.think("the light in the hall", salience=0.1)
        await mind.think("a dog barks", salience=0.1)
        await mind.attend()
        newest = (await asked(client, "forgotten"))["forgotten"]
        assert {one["content"] for one in newest} == {"the light in the hall", "a dog barks"}
        assert newest[0]["why"].startswith("scored 0.1, under 0.3")
        [dog] = (await asked(client, "forgotten", query="barking dogs"))["forgotten"]
        back = await asked(client, "take_back", entry=dog["entry"], salience=0.8)
        assert back["warning"] == NOBODY
        assert (await mind.attend()).attended is not None
        assert dog["entry"] in await refused(client, "take_back", entry=dog["entry"])


async def test_where_nobody_attends_the_answers_say_so(settings: Settings) -> None:
    async with in_process(settings) as client:
        for tool, arguments in (("think", {"content": "hello"}), ("attention", {}), ("status", {})):
            assert (await asked(client, tool, **arguments))["warning"] == NOBODY
        state = await asked(client, "status")
        assert not state["attended"] and state["unread"] == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("recall", {}, "query"),
        ("recall", {"query": "x", "limit": 21}, "limit"),
        ("recall", {"query": "x", "since": "the day before"}, "since"),
        ("recall", {"query": "x", "kind": "vague"}, "kind"),
        ("recall", {"query": "x", "mind": "bob"}, "mind"),
        ("recall", {"query": 5}, "query"),
        ("think", {"content": ""}, "content"),
        ("think", {"content": "x", "salience": 2}, "salience"),
        ("think", {"content": "x", "salience": "high"}, "salience"),
        ("think", {"content": "x" * 70_000}, "size"),
        ("think", {"content": "x", "window": ""}, "window"),
        ("remember", {"content": "x", "kind": "vague"}, "kind"),
        ("remember", {"content": "x", "idempotency_key": ""}, "key"),
        ("intervene", {"thought": "1-1@sensory", "action": "erase"}, "action"),
        ("intervene", {"thought": "1-1@sensory", "action": "boost"}, "salience"),
        ("intervene", {"thought": "1-1@sensory", "action": "veto"}, "1-1@sensory"),
        ("take_back", {"entry": "yesterday"}, "entry"),
        ("forgotten", {"limit": 0}, "limit"),
        ("dream", {}, "recall"),
    ],
)
async def test_wrong_arguments_are_named_and_change_nothing(
    settings: Settings, tool: str, arguments: dict[str, object], named: str
) -> None:
    async with in_process(settings) as client:
        said = await refused(client, tool, **arguments)
        assert named in said, said
        state = await asked(client, "status")
        assert state["unread"] == state["memories"] == 0


async def test_each_call_names_its_mind_where_there_are_several(settings: Settings) -> None:
    grant = Grant.of_minds(["a*", "bob"], SCOPES)
    async with in_process(settings, grant) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
        for name in MIND_TOOLS:
            assert tools[name].input_schema["required"][0] == "mind"
        assert "mind" not in tools["send"].input_schema["properties"]
        await asked(client, "remember", mind="ana", content="a secret of ana")
        assert (await asked(client, "recall", mind="bob", query="secret")) == {"memories": []}
        assert "a*" in await refused(client, "recall", mind="carl", query="secret")
        assert "missing" in await refused(client, "recall", query="secret")
        assert (await client.list_resources()).resources == []
        assert (await read(client, "mind://ana/attended")) == {"attended": []}


def test_a_grant_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="allow: 'fly'"):
        Grant.of_mind("ana", ["fly"])
    with pytest.raises(ValueError, match="minds: is empty"):
        Grant.of_minds([""], SCOPES)
    with pytest.raises(ValueError, match="name: is a URL"):
        Grant.of_mind("redis://localhost", SCOPES)
    assert ANA.has("read") and Grant.of_mind("ana", []).scopes == {"read"}
