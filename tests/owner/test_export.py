"""Export and import of a mind: nothing is lost, nothing comes twice, nothing half is taken."""

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.owner.minds import as_file, exported, live, told
from tests.recall.servers import AT_ONCE, anchor, settle
from tests.servers import RedisServer
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import Settings, StreamConfig
from thoughtstream.errors import MemoryFull
from thoughtstream.memory.archive import BadExport
from thoughtstream.sync import Mind as Blocking


@pytest.fixture
def at_once(settings: Settings) -> Settings:
    return settings.model_copy(update={"streams": AT_ONCE})


async def test_what_is_exported_comes_back_as_it_was(redis: Any, at_once: Settings) -> None:
    forgetful = at_once.model_copy(update={"streams": StreamConfig(working_memory_ttl_ms=1)})
    async with Mind.connect("ana", settings=forgetful) as ana:
        await live(ana)
        text, was = await exported(ana), await told(redis, "ana")
    assert len(was["unconscious"]) == 5 and was["semantic"] and was["merged"]
    first, *_, ledger, last = map(json.loads, text.splitlines())
    assert (first["format"], first["mind"]) == ("thoughtstream.mind/1", "ana")
    assert first["counts"] == {
        kind: len(was[kind]) for kind in ("episodic", "semantic", "procedural")
    } | {"forgotten": len(was["unconscious"]), "merged": len(was["merged"])}
    assert int(ledger["ledger"]["distilled"]) == 1
    assert last["end"] is True and last["lines"] == text.count("\n") - 1
    for line in text.splitlines(keepends=True):
        line.encode()
        assert "\x1b" not in line and "\x9b" not in line
    await redis.flushall()
    async with Mind.connect("ana", settings=at_once) as ana:
        done = await ana.import_from(as_file(text))
        assert (done.memories, done.forgotten) == (len(was) - 8, len(was["unconscious"]))
        assert (done.mind, done.taken_at) == ("ana", first["taken_at"])
        assert await told(redis, "ana") == was
        audit = await ana.audit()
        assert audit.balanced and audit.imported == audit.memories == done.memories
        again = await ana.import_from(as_file(text))
        assert (again.memories, again.forgotten, again.merged) == (0, 0, 0)
        assert again.known == done.memories + done.forgotten + done.merged and not again.conflicting
        assert await told(redis, "ana") == was
        taken_back = (await ana.forgotten())[-1]
        await ana.take_back(taken_back.entry, salience=0.9)
        await settle(ana)
        merged = (await ana.merged())[0]
        assert await ana.unmerge(merged.entry) == merged.id
        assert (await ana.sleep()).memories and (await ana.audit()).balanced


async def test_a_mind_that_goes_on_takes_in_another(redis: Any, at_once: Settings) -> None:
    """Entries that are no longer free are others; ids, dates and the order in time stay."""
    async with (
        Mind.connect("ana", settings=at_once) as ana,
        Mind.connect("bob", settings=at_once) as bob,
    ):
        ids = await anchor(ana, [NewThought.of(f"tea {n}", window="a") for n in range(3)])
        text = await exported(ana)
        await anchor(bob, [NewThought.of("coffee", window="b")])
        done = await bob.import_from(as_file(text))
        assert (done.memories, done.known) == (3, 0)
        before = await ana.recall("tea")
        after = {found.id: found for found in await bob.recall("tea") if found.id in ids}
        for found in before:
            there = after[found.id]
            assert there.fields == found.fields and there.said_at == found.said_at
            assert (there.attended_at, there.anchored_at) == (found.attended_at, found.anchored_at)
        [coffee] = await bob.recall("coffee", context=3, limit=1)
        assert [memory.id for memory in coffee.context_before] == ids
        assert (await bob.import_from(as_file(text))).known == 3
        assert (await bob.audit()).balanced


async def test_another_memory_of_the_same_id_stays(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        [id_] = await anchor(ana, [NewThought.of("tea")])
        text = resealed((await exported(ana)).replace('"tea"', '"coffee"'))
        done = await ana.import_from(as_file(text))
        assert done.conflicting == [id_] and not done.memories and not done.known
        assert [found.content for found in await ana.recall("tea coffee")] == ["tea"]
        assert (await ana.audit()).balanced


async def test_forgotten_thoughts_that_lie_apart_come_once(redis: Any, at_once: Settings) -> None:
    streams = StreamConfig(working_memory_ttl_ms=1, unconscious_maxlen=6)
    forgetful = at_once.model_copy(update={"streams": streams})
    async with (
        Mind.connect("ana", settings=forgetful) as ana,
        Mind.connect("bob", settings=forgetful) as bob,
    ):
        for mind, window in ((ana, "a"), (bob, "b")):
            await mind.feed(
                [NewThought.of(f"{n}", window=window, salience=0.01) for n in range(4)]
                + [NewThought.of("strong")]
            )
            await settle(mind)
        text = await exported(ana)
        own = {one.id for one in await bob.forgotten()}
        done = await bob.import_from(as_file(text))
        assert (done.forgotten, done.left_out) == (2, 2)
        assert own < {one.id for one in await bob.forgotten()}
        again = await bob.import_from(as_file(text))
        assert (again.forgotten, again.left_out) == (0, 2)


def resealed(text: str) -> str:
    """With the right last line, whatever it says."""
    *lines, _ = text.splitlines(keepends=True)
    summed = hashlib.sha256("".join(lines).encode()).hexdigest()
    return "".join(lines) + json.dumps({"end": True, "lines": len(lines), "sha256": summed}) + "\n"


def without_a_line(text: str) -> str:
    return "".join(line for n, line in enumerate(text.splitlines(keepends=True)) if n != 2)


def with_this_memory(**change: Any) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        lines = text.splitlines(keepends=True)
        memory = json.loads(lines[1])
        memory["memory"] |= change
        return resealed("".join([lines[0], json.dumps(memory) + "\n", *lines[2:]]))

    return spoil


BAD: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda text: "", "it is empty"),
    "cut off between lines": (lambda text: text[: text.rindex("{")], "the last line is missing"),
    "cut off in a line": (lambda text: text[:-200], "line \\d+: is no JSON"),
    "a letter changed": (lambda text: text.replace("tea 1", "tea 7"), "sha256"),
    "a line lost": (without_a_line, "lines where"),
    "more after the end": (lambda text: text + "{}\n", "comes after the end"),
    "of another format": (lambda text: text.replace("mind/1", "mind/2"), "this reads"),
    "something else": (lambda text: '{"content": "tea"}\n', "format is None"),
    "not JSON": (lambda text: "\x00\xff", "line 1: is no JSON"),
    "nested deeply": (lambda text: "[" * 200_000, "line 1: is no JSON"),
    "of no kind": (with_this_memory(kind="odd"), "line 2: kind"),
    "no entry": (with_this_memory(entry="soon"), "line 2: entry"),
    "an entry too far": (with_this_memory(entry=f"{1 << 64}-0"), "line 2: entry"),
    "no text": (with_this_memory(fields={"content": 1}), "line 2: fields"),
    "no fields": (with_this_memory(fields={}), "line 2: fields"),
    "other names": (with_this_memory(more=1), "line 2: its names"),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_is_no_whole_export_is_refused(redis: Any, at_once: Settings, what: str) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await anchor(ana, [NewThought.of(f"tea {n}") for n in range(3)])
        text = await exported(ana)
        await redis.flushall()
        spoil, says = BAD[what]
        with pytest.raises(BadExport, match=says):
            await ana.import_from(as_file(spoil(text).encode("latin-1")))
        assert not await redis.keys("*:{ana}:*")
        await ana.import_from(as_file(text))


async def test_entries_written_past_the_engine(redis: Any, at_once: Settings) -> None:
    """Bytes that are no text, no id, no content, an entry of the far future."""
    raw = at_once.redis.url or ""
    stream = keys.EPISODIC.key(mind="ana")
    await redis.xadd(stream, {"content": "no id"}, id="1000-1")
    await redis.execute_command("XADD", stream, "2000-1", "content", b"\xff\xfe", "id", "2-1@a")
    await redis.xadd(stream, {"odd": "no content"}, id="3000-1")
    await redis.xadd(stream, {"content": "far", "id": ""}, id=f"{(1 << 64) - 1}-5")
    async with (
        Mind.connect("ana", raw, settings=at_once) as ana,
        Mind.connect("bob", raw, settings=at_once) as bob,
    ):
        text = await exported(ana)
        done = await bob.import_from(as_file(text))
        assert done.memories == 4 and (await bob.audit()).balanced
        assert (await bob.import_from(as_file(text))).known == 4

        entries = await redis.xrange(keys.EPISODIC.key(mind="bob"))
        assert [fields["id"] for _, fields in entries] == [
            "1000-1", "2-1@a", "3000-1", f"{(1 << 64) - 1}-5",
        ]  # fmt: skip
        assert entries[1][1]["content"] == "\udcff\udcfe"
        assert await bob.anchor("it goes on")  # the far entry took no ids


@pytest.mark.parametrize("kind", ["path", "seekable", "pipe"])
def test_without_async_and_from_any_file(
    server: RedisServer, at_once: Settings, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / "ana.ndjson"
    with Blocking.connect("ana", settings=at_once) as ana:
        ana.anchor("tea")
        file.write_text("".join(ana.export()))
    with Blocking.connect("bob", settings=at_once) as bob:
        if kind == "path":
            assert bob.import_from(file).memories == 1
        elif kind == "seekable":
            with file.open("rb") as opened:
                assert bob.import_from(opened).memories == 1
        else:
            reader, writer = os.pipe()
            os.write(writer, file.read_bytes())
            os.close(writer)
            with os.fdopen(reader, "rb") as opened:
                assert bob.import_from(opened).memories == 1


KILLED = """
import asyncio, os, signal, sys
from thoughtstream import Mind
async def main():
    def progress(done, total):
        if done >= int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    async with Mind.connect("bob", sys.argv[1]) as bob:
        await bob.import_from(sys.argv[2], on_progress=progress)
asyncio.run(main())
"""


async def test_killed_in_the_middle_it_goes_on(
    redis: Any, server: RedisServer, at_once: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "ana.ndjson"
    async with Mind.connect("ana", settings=at_once) as ana:
        await anchor(ana, [NewThought.of(f"tea {n}") for n in range(450)])
        file.write_text(await exported(ana))
        was = await told(redis, "ana")
    for done in (100, 200, 400):
        words = [sys.executable, "-c", KILLED, server.url, str(file), str(done)]
        killed = await asyncio.to_thread(subprocess.run, words)
        assert killed.returncode == -signal.SIGKILL
    async with Mind.connect("bob", settings=at_once) as bob:
        assert (await bob.audit()).balanced and (await bob.audit()).imported == 400
        last = await bob.import_from(file)
        assert (last.known, last.memories) == (400, 50)
        assert await told(redis, "bob") == was and (await bob.audit()).balanced


async def test_memories_that_were_let_go_are_taken_back_there(
    redis: Any, at_once: Settings
) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        tea, *_ = await anchor(ana, [NewThought.of("tea"), NewThought.of("coffee")])
        await ana.forget(tea)
        text = await exported(ana)
    async with Mind.connect("bob", settings=at_once) as bob:
        assert (await bob.import_from(as_file(text))).forgotten == 1
        [forgotten] = await bob.forgotten()
        assert await bob.take_back(forgotten.entry) == tea
        assert {found.content for found in await bob.recall("tea coffee")} == {"tea", "coffee"}
        audit = await bob.audit()
        assert audit.balanced and (audit.imported, audit.taken_back) == (1, 1)


async def test_a_full_server_takes_it_later(redis: Any, at_once: Settings) -> None:
    async with Mind.connect("ana", settings=at_once) as ana:
        await anchor(ana, [NewThought.of("tea")])
        text = await exported(ana)
    async with Mind.connect("bob", settings=at_once) as bob:
        await redis.config_set("maxmemory", 1)
        try:
            with pytest.raises(MemoryFull):
                await bob.import_from(as_file(text))
            assert not (await bob.audit()).memories
        finally:
            await redis.config_set("maxmemory", 0)
        assert (await bob.import_from(as_file(text))).memories == 1


async def test_a_mind_that_lives_on_is_exported_whole(redis: Any, at_once: Settings) -> None:
    """What is there all the time is in it, once; what comes meanwhile may be."""
    async with Mind.connect("ana", settings=at_once) as ana:
        there = await anchor(ana, [NewThought.of(f"tea {n}") for n in range(300)])
        lines, later = list[str](), list[str]()
        async for line in ana.export():
            lines.append(line)
            if len(later) < 300:
                later.append(await ana.anchor("meanwhile"))
        found = [json.loads(line).get("memory", {}) for line in lines]
        ids = [memory["fields"]["id"] for memory in found if memory]
        assert set(there) <= set(ids) <= {*there, *later} and len(ids) == len(set(ids))
        async with Mind.connect("bob", settings=at_once) as bob:
            assert (await bob.import_from(as_file("".join(lines)))).memories == len(ids)


FIELDS = st.dictionaries(
    st.sampled_from(["source", "at", "a field", "é"]), st.text(max_size=5), max_size=3
)
THOUGHTS = st.lists(
    st.builds(
        lambda content, window, kind, fields: NewThought.of(
            content, window=window, kind=kind, **fields
        ),
        st.text(min_size=1, max_size=20),
        st.sampled_from(["sensory", "reasoning", "a {b}:window:c"]),
        st.sampled_from([None, *keys.MEMORY_KINDS]),
        FIELDS,
    ),
    max_size=8,
)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(thoughts=THOUGHTS)
async def test_any_mind_comes_back(redis: Any, at_once: Settings, thoughts: list[Any]) -> None:
    await redis.flushall()
    async with Mind.connect("ana", settings=at_once) as ana:
        await anchor(ana, thoughts)
        await ana.sleep()
        text, was = await exported(ana), await told(redis, "ana")
        await redis.flushall()
        done = await ana.import_from(as_file(text))
        assert await told(redis, "ana") == was
        audit = await ana.audit()
        assert audit.balanced and audit.memories == done.memories
