"""Feeding a real mind: nothing is lost at the mind's pace, and bad lines harm only themselves."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from thoughtstream import Mind
from thoughtstream.config import Settings, StreamConfig
from thoughtstream.senses.feeding import Feeding
from thoughtstream.senses.formats import BadLine, Format, Reader
from thoughtstream.senses.lines import Line, read_lines
from thoughtstream.senses.objects import Defaults
from thoughtstream.senses.pace import Attention, Flood, Pace

TIGHT = StreamConfig(working_memory_maxlen=100, cycle_target_ms=0)
COUNT = 600


@asynccontextmanager
async def attending(mind: Mind) -> AsyncIterator[None]:
    """The mind attends all the while, as under a service."""

    async def attend() -> None:
        while True:
            report = await mind.attend()
            if report.attended is None:
                await asyncio.sleep(0.001)

    task = asyncio.create_task(attend())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def as_lines(texts: Iterable[str]) -> AsyncIterator[list[Line]]:
    yield [(number, text.encode()) for number, text in enumerate(texts, 1)]


def feeding(format_: Format, bad: list[BadLine], *, strict: bool = False) -> Feeding:
    reader = Reader(Path("-"), format_, Defaults("sensory", None, 65_536))
    return Feeding(reader, bad.append, lambda _: None, strict)


@pytest.mark.parametrize(("flood", "all_attended"), [(False, True), (True, False)])
async def test_at_the_minds_pace_all_is_attended_and_a_flood_displaces(
    settings: Settings, flood: bool, all_attended: bool
) -> None:
    settings = settings.model_copy(update={"streams": TIGHT})
    async with Mind.connect("ana", settings=settings) as mind:
        pace: Pace = Flood() if flood else Attention(mind.waiting, TIGHT)
        run = feeding(Format.TEXT, [])
        texts = [f"thought {number}" for number in range(COUNT)]
        async with attending(mind):
            await run.run(as_lines(texts), mind.feed, pace)
        while (await mind.attend()).more:
            pass
        audit = await mind.audit()
    assert run.fed == COUNT
    assert audit.balanced
    assert (audit.attended == COUNT) == all_attended
    assert (audit.displaced + audit.expired == 0) == all_attended


LINES = ['{"content": "one"}', "nonsense", '{"content": "two"}', "{}", '{"content": "three"}']


@pytest.mark.parametrize(
    ("strict", "fed", "bad_lines"), [(False, ["one", "two", "three"], [2, 4]), (True, ["one"], [2])]
)
async def test_bad_lines_are_told_and_strict_stops_at_the_first(
    settings: Settings, strict: bool, fed: list[str], bad_lines: list[int]
) -> None:
    bad: list[BadLine] = []
    async with Mind.connect("ana", settings=settings) as mind:
        run = feeding(Format.JSONL, bad, strict=strict)
        await run.run(as_lines(LINES), mind.feed, Flood())
        await mind.attend()
        state = await mind.state()
    assert [item.line for item in bad] == bad_lines
    assert (run.fed, run.bad) == (len(fed), len(bad_lines))
    seen = {t.content for t in state.contest} | {t.content for t in state.attended}
    assert seen == set(fed)


async def test_a_line_is_there_as_soon_as_it_is_written() -> None:
    reader, writer = os.pipe()
    lines = read_lines(reader)
    os.write(writer, b"one\ntw")
    assert await anext(lines) == [(1, b"one")]
    os.write(writer, b"o\nthree")
    assert await anext(lines) == [(2, b"two")]
    os.close(writer)
    assert await anext(lines) == [(3, b"three")]
    with pytest.raises(StopAsyncIteration):
        await anext(lines)
    os.close(reader)


async def test_a_file_is_read_whole_whatever_its_size(tmp_path: Path) -> None:
    texts = [b"x" * (number % 5000) for number in range(500)]
    (tmp_path / "file").write_bytes(b"\n".join(texts))
    descriptor = os.open(tmp_path / "file", os.O_RDONLY)
    found = [line async for group in read_lines(descriptor) for line in group]
    os.close(descriptor)
    assert found == list(enumerate(texts, 1))
