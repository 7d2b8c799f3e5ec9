"""A merge keeps what it merged, and is taken back one by one."""

import asyncio
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until
from tests.sleep.memories import KETTLE, Past, picture, remember
from thoughtstream import InvalidThought, Mind, NotMerged, keys

ODD = Past("THE kettle is on \udcff", kind="semantic", valence=-0.5, window='a "b" {c}\x00')
THREE = [Past("the kettle is on \udcff", kind="semantic"), ODD, ODD]


async def test_what_was_merged_is_listed_whole(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", THREE)
    await mind.sleep()
    newest, older = await mind.merged()
    assert (older.id, older.into, older.kind) == (ids[1], ids[0], "semantic")
    assert (older.content, older.window) == (ODD.content, ODD.window)
    assert (older.fields["valence"], older.fields["anchored_at"]) == ("-0.5", ids[1][:13])
    assert await mind.merged(limit=1) == [newest]
    assert await mind.merged(before=newest.entry) == [older]


async def test_taken_back_one_by_one_all_is_as_it_was(redis: Any, mind: Mind) -> None:
    told = ("kettle", "Kettle.", "a cat", "KETTLE")
    ids = [await mind.anchor(text) for text in told]
    await mind.sleep()
    last, first = await mind.merged()
    strength = partial(redis.hget, keys.ITEM.key(mind="ana", id=ids[0]), "strength")
    before = float(await strength())
    assert await mind.unmerge(first.entry) == first.id == ids[1]
    assert float(await strength()) == pytest.approx(before - 1)
    assert (await picture(redis, "ana"))["episodic"][0]["merged"] == [ids[3]]
    assert await mind.merged() == [last]
    assert (await mind.audit()).balanced
    assert await mind.unmerge(last.entry) == ids[3]
    after = await picture(redis, "ana")
    assert {memory["id"]: memory["content"] for memory in after["episodic"]} == dict(
        zip(ids, told, strict=True)
    )
    assert [memory["merged"] for memory in after["episodic"]] == [[]] * 4
    audit = await mind.audit()
    assert (audit.merged, audit.unmerged, audit.memories, audit.balanced) == (2, 2, 4, True)
    found = await mind.recall("kettle")
    assert {memory.id for memory in found} >= {ids[0], ids[1], ids[3]}


async def test_what_was_taken_back_is_not_merged_again(redis: Any, mind: Mind) -> None:
    older, newer = await remember(redis, "ana", KETTLE)
    await mind.sleep()
    [merged] = await mind.merged()
    await mind.unmerge(merged.entry)
    third = await mind.anchor("The kettle is ON")
    assert (await mind.sleep()).merged == [{"id": third, "into": older}]
    assert (await mind.sleep()).merged == []
    assert newer in [memory["id"] for memory in (await picture(redis, "ana"))["episodic"]]


async def test_it_comes_back_as_strong_as_it_was(redis: Any, mind: Mind) -> None:
    _, newer = await remember(redis, "ana", KETTLE)
    item = keys.ITEM.key(mind="ana", id=newer)
    await redis.hset(item, mapping={"strength": "3.5", "replayed_at": "7"})
    before = await redis.hgetall(item)
    await mind.sleep()
    [merged] = await mind.merged()
    await mind.unmerge(merged.entry)
    after = await redis.hgetall(item)
    assert after.pop("unmerged_at") and after.pop("entry") > before.pop("entry")
    assert after == before


@pytest.mark.parametrize("gone", ["kept", "nothing"])
async def test_once_only_and_without_the_one_that_stood_for_it(
    redis: Any, mind: Mind, gone: str
) -> None:
    older, newer = await remember(redis, "ana", KETTLE)
    await mind.sleep()
    [merged] = await mind.merged()
    if gone == "kept":
        await redis.delete(keys.ITEM.key(mind="ana", id=older), keys.EPISODIC.key(mind="ana"))
    assert await mind.unmerge(merged.entry) == newer
    with pytest.raises(NotMerged, match="no longer"):
        await mind.unmerge(merged.entry)
    assert await redis.exists(keys.ITEM.key(mind="ana", id=older)) == (gone == "nothing")


async def test_what_is_there_already_is_not_there_twice(redis: Any, mind: Mind) -> None:
    """An import brought it."""
    await remember(redis, "ana", KETTLE)
    await mind.sleep()
    [merged] = await mind.merged()
    await redis.hset(keys.ITEM.key(mind="ana", id=merged.id), "content", "imported")
    before = await redis.xlen(keys.EPISODIC.key(mind="ana"))
    assert await mind.unmerge(merged.entry) == merged.id
    assert await redis.xlen(keys.EPISODIC.key(mind="ana")) == before
    assert not (await mind.audit()).unmerged


@pytest.mark.parametrize("end", ["unmerged", "erased", "merged"])
async def test_a_memory_comes_back_without_what_was_taken_out_of_it_meanwhile(
    redis: Any, mind: Mind, end: str
) -> None:
    kept, second, third = [await mind.anchor(text) for text in ("kettle", "Kettle", "KETTLE")]
    await mind.sleep()
    before = float(await _strength(redis, kept))
    last, first = await mind.merged()
    forgotten = await mind.forget(kept)
    if end == "unmerged":
        assert await mind.unmerge(first.entry) == second
    elif end == "erased":
        await mind.erase(second)
    assert await mind.take_back(forgotten) == kept
    left = (second, third) if end == "merged" else (third,)
    assert (await mind.memory(kept)).provenance.merged_from == left
    lost = 1 if end == "unmerged" else 0
    assert float(await _strength(redis, kept)) == pytest.approx(before - lost)
    assert await mind.unmerge(last.entry) == third
    assert (await mind.audit()).balanced


async def _strength(redis: Any, id: str) -> Any:
    return await redis.hget(keys.ITEM.key(mind="ana", id=id), "strength")


@pytest.mark.parametrize("entry", ["abc", "1", "99999999999999999999-0", "1-1\n", "+"])
async def test_what_is_no_entry(redis: Any, mind: Mind, entry: str) -> None:
    with pytest.raises(InvalidThought, match="entry"):
        await mind.unmerge(entry)


async def test_a_strangers_entry_is_none(redis: Any, mind: Mind) -> None:
    entry = await redis.xadd(keys.MERGED.key(mind="ana"), {"kind": "dream", "id": "x"})
    assert (await mind.merged())[0].kind == "dream"
    with pytest.raises(NotMerged):
        await mind.unmerge(entry)


_RESTLESS = """
import asyncio, itertools
from thoughtstream import Mind

async def main():
    async with Mind.connect("ana") as mind:
        for n in itertools.count():
            await mind.anchor(f"the kettle {n % 7}")
            await mind.sleep()
            for merged in await mind.merged(limit=2):
                await mind.unmerge(merged.entry)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_killed_anywhere_every_sum_comes_out(
    redis: Any, server: RedisServer, mind: Mind, tmp_path: Path
) -> None:
    env = os.environ | {"REDIS_URL": server.url, "THOUGHTSTREAM_HOME": str(tmp_path)}
    ledger = keys.LEDGER.key(mind="ana")

    def killed_after(count: int) -> None:
        process = subprocess.Popen([sys.executable, "-c", _RESTLESS], env=env)
        try:
            with server.client() as client:
                wait_until(
                    lambda: int(client.hget(ledger, "unmerged") or 0) >= count,
                    "it has taken some back",
                )
        finally:
            process.kill()
            process.wait()

    for count in (5, 11, 18):
        await redis.delete(keys.SLEEP.key(mind="ana"))  # the lease of the one that was killed
        await asyncio.to_thread(killed_after, count)
        audit = await mind.audit()
        assert audit.balanced, audit.faults
        merged = await redis.xlen(keys.MERGED.key(mind="ana"))
        assert merged == audit.merged - audit.unmerged
        assert audit.memories + merged == audit.anchored + audit.distilled


async def test_the_commands(redis: Any, server: RedisServer, tmp_path: Path) -> None:
    ids = await remember(redis, "ana", [Past("[b]thanks"), Past("[b]Thanks!")])
    terminal = Terminal(tmp_path / "home", env={"REDIS_URL": server.url, "COLUMNS": "120"})
    ana = ("--mind", "ana")

    def commands() -> None:
        assert terminal.json("merged", *ana) == {"mind": "ana", "merged": [], "next": None}
        assert "Nothing" in terminal.run("merged", *ana).stdout
        terminal.json("sleep", *ana)
        [merged] = terminal.json("merged", *ana)["merged"]
        assert terminal.json("merged", "--limit", "1", *ana)["next"] == merged["entry"]
        assert (merged["id"], merged["into"], merged["content"]) == (ids[1], ids[0], "[b]Thanks!")
        assert "[b]Thanks!" in terminal.run("merged", *ana).stdout
        assert terminal.json("unmerge", merged["entry"], *ana) == {"id": ids[1]}
        assert "no longer" in terminal.json("unmerge", merged["entry"], *ana, code=1)["error"]
        for command in ("merged", "unmerge"):
            assert f"$ thoughtstream {command}" in terminal.run(command, "--help").stdout

    await asyncio.to_thread(commands)
