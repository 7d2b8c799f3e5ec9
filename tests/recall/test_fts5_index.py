"""The FTS5 index is a file that anything may happen to, and several processes use it at once."""

import asyncio
import multiprocessing
import resource
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.recall.servers import anchor, new_word
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought
from thoughtstream.config import Settings

pytestmark = pytest.mark.parametrize("shared_place", ["FTS5 on 8.2"], indirect=True)
MEMORIES = 30


@pytest.fixture
async def filled(mind: Mind) -> Mind:
    """A mind with memories that its index knows."""
    await anchor(mind, [NewThought.of(f"olive {number}") for number in range(MEMORIES)])
    await finds_all(mind)
    return mind


async def finds_all(mind: Mind) -> None:
    answer = await mind.recall(f"olive {new_word()}", limit=1000)
    assert len({memory.id for memory in answer}) == len(answer) == MEMORIES


def index_file(settings: Settings) -> Path:
    [file] = (settings.home / "index").glob("*.db")
    return file


def rows(file: Path) -> tuple[int, int]:
    """How many memories the file has, and how many of them are searched."""
    db = sqlite3.connect(file)
    counts = [db.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("memory", "words")]
    db.close()
    return counts[0][0], counts[1][0]


def remove(file: Path) -> None:
    file.unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def scribble(file: Path) -> None:
    file.write_bytes(b"not a database " * 1000)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def blot(file: Path) -> None:
    """Overwrite all but the first page, so that it opens but can't be read."""
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def age(file: Path) -> None:
    db = sqlite3.connect(file)
    db.executescript("DROP TABLE words; PRAGMA user_version = 0")
    db.close()


@pytest.mark.parametrize("harm", [remove, empty, scribble, cut, blot, age])
async def test_a_lost_or_broken_file_is_made_anew(
    filled: Mind, settings: Settings, harm: Callable[[Path], None]
) -> None:
    file = index_file(settings)
    if harm is not age:  # which needs what isn't in the file yet
        for side in ("-wal", "-shm"):
            file.with_name(file.name + side).unlink(missing_ok=True)
    harm(file)
    await finds_all(filled)
    assert rows(file) == (MEMORIES, MEMORIES)


async def test_a_file_broken_while_another_process_has_it_open(
    filled: Mind, settings: Settings
) -> None:
    file = index_file(settings)
    db = sqlite3.connect(file)
    assert db.execute("SELECT count(*) FROM memory").fetchone() == (MEMORIES,)
    scribble(file)
    await finds_all(filled)
    db.close()
    await finds_all(filled)


async def test_where_no_file_can_be_the_index_is_in_memory(mind: Mind, settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "index").write_text("in the way")
    await anchor(mind, [NewThought.of(f"olive {number}") for number in range(MEMORIES)])
    await finds_all(mind)
    await finds_all(mind)
    assert (settings.home / "index").read_text() == "in the way"


def recall_on_a_full_disk(settings: Settings) -> int:
    """In another process: what a recall finds when no file can grow beyond 20 KB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    return recall_often(settings, 1)[0]


async def test_on_a_full_disk_the_index_is_in_memory(mind: Mind, settings: Settings) -> None:
    await anchor(mind, [NewThought.of(f"olive {number}") for number in range(MEMORIES)])
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        found = processes.submit(recall_on_a_full_disk, settings)
        assert await asyncio.wrap_future(found) == MEMORIES


async def test_memories_that_left_the_stream_leave_the_file(
    filled: Mind, settings: Settings
) -> None:
    await filled._redis.xtrim(keys.EPISODIC.key(mind="ana"), maxlen=3, approximate=False)
    assert await filled.recall("something else") == []
    assert rows(index_file(settings)) == (3, 3)


async def test_memories_that_were_removed_leave_the_file(filled: Mind, settings: Settings) -> None:
    removed = [memory.entry for memory in await filled.recall("olive", limit=10)]
    await filled._redis.xdel(keys.EPISODIC.key(mind="ana"), *removed)
    assert len(await filled.recall("olive", limit=1000)) == MEMORIES - 10
    assert rows(index_file(settings)) == (MEMORIES - 10, MEMORIES - 10)


async def test_a_cancelled_recall_leaves_the_file_whole(filled: Mind, settings: Settings) -> None:
    for pause in range(40):
        with suppress(TimeoutError):
            async with asyncio.timeout(pause / 4000):
                await filled.recall("olive", limit=1000)
    await finds_all(filled)
    assert rows(index_file(settings)) == (MEMORIES, MEMORIES)


async def test_two_minds_have_two_files(filled: Mind, settings: Settings) -> None:
    async with Mind.connect("other", settings=settings) as other:
        await other.recall("olive")
    assert len(list((settings.home / "index").glob("*.db"))) == 2


def recall_often(settings: Settings, times: int) -> list[int]:
    """In another process: how many memories each of many recalls finds."""

    async def run() -> list[int]:
        async with Mind.connect("ana", settings=settings) as mind:
            return [len(await mind.recall("olive", limit=1000)) for _ in range(times)]

    return asyncio.run(run())


async def test_several_processes_read_while_memories_come(mind: Mind, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as processes:
        readers = [loop.run_in_executor(processes, recall_often, settings, 60) for _ in range(2)]
        for number in range(MEMORIES):
            await anchor(mind, [NewThought.of(f"olive {number}")])
            assert len(await mind.recall("olive", limit=1000)) == number + 1
        for counts in await asyncio.gather(*readers):
            assert counts == sorted(counts)
    await finds_all(mind)
    assert rows(index_file(settings)) == (MEMORIES, MEMORIES)
