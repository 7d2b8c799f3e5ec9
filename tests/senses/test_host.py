"""The senses of a host: what they say of readings, processes and logs, and of this very host."""

import asyncio
import os
import subprocess
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import RedisUnavailable
from thoughtstream.senses import sensing
from thoughtstream.senses.host import Feeling, Reading
from thoughtstream.senses.logs import LINES_AT_ONCE, LogError, LogFile, LogSense, severity
from thoughtstream.senses.processes import ProcessChanges, Table, table
from thoughtstream.senses.sensing import HostSense, Sensing


def test_a_surprising_reading_tells_what_was_usual() -> None:
    feeling = Feeling()
    for _ in range(20):
        quiet = feeling.notice(Reading("CPU usage", 10, "%", least=5))
    loud = feeling.notice(Reading("CPU usage", 90, "%", least=5))
    assert quiet.content == "CPU usage is 10%"
    assert loud.content == "CPU usage is 90%, up from the usual 10%"
    assert loud.salience > 0.9 > 0.1 > quiet.salience
    assert (loud.window, loud.extra["value"]) == ("sensory", "90")


def test_strain_is_felt() -> None:
    felt = Feeling().notice(Reading("strain", 1.5, "per core", least=0.1, strain=0.75))
    assert (felt.window, felt.valence, felt.arousal) == ("emotion", -0.75, felt.salience)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0 B/s"), (999, "999 B/s"), (1500, "2 KB/s"), (2.5e6, "2 MB/s"), (3e9, "3.0 GB/s")],
)
def test_rates_are_said_readably(value: float, said: str) -> None:
    thought = Feeling().notice(Reading("network receive rate", value, "B/s", least=1))
    assert thought.content == f"network receive rate is {said}"


def test_processes_come_and_go_by_name_and_become_usual() -> None:
    one, two, three = (1, 0.0), (2, 0.0), (3, 0.0)
    changes = ProcessChanges(last={one: "init"})
    first = list(changes.notice({one: "init", two: "cc", three: "cc"}))
    gone = list(changes.notice({one: "init"}))
    again = list(changes.notice({one: "init", two: "cc"}))
    assert [t.content for t in first] == ["2 processes cc started"]
    assert [t.content for t in gone] == ["2 processes cc ended"]
    assert [t.content for t in again] == ["process cc started"]
    assert again[0].salience < first[0].salience


def test_a_process_id_used_again_is_another_process() -> None:
    changes = ProcessChanges(last={(7, 1.0): "old"})
    assert [t.content for t in changes.notice({(7, 2.0): "new"})] == [
        "process new started",
        "process old ended",
    ]


def test_a_real_process_is_noticed() -> None:
    before: Table = table()
    child = subprocess.Popen(["sleep", "600"])
    started = psutil.Process(child.pid).create_time()
    during = table()
    child.kill()
    child.wait()
    assert (child.pid, started) not in before
    assert during[child.pid, started] == "sleep"
    assert (child.pid, started) not in table()


def test_a_log_line_is_as_salient_as_it_is_grave_and_rare() -> None:
    sense = LogSense("syslog")
    notice = "session 12 opened"
    first, grave, again = sense.notice([notice, "kernel: Out of memory: OOM", "session 99 opened"])
    assert grave.salience > first.salience > again.salience
    assert first.window == "log"
    assert severity("connection refused") > severity("slow, will retry") > severity(notice)


def test_a_flood_of_lines_is_counted_not_repeated() -> None:
    thoughts = list(LogSense("syslog").notice([f"line {n}" for n in range(LINES_AT_ONCE + 7)]))
    assert len(thoughts) == LINES_AT_ONCE + 1
    assert thoughts[-1].content == "7 more lines in syslog"


def test_a_log_is_followed_through_rotation_and_truncation(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("before\n")
    log = LogFile(path)
    assert log.read() == []
    with path.open("a") as file:
        file.write("one\ntw")
    assert log.read() == ["one"]
    with path.open("a") as file:
        file.write("o\n")
    path.rename(tmp_path / "log.1")
    path.write_text("the third is longer than all before\n")
    assert log.read() == ["two", "the third is longer than all before"]
    path.write_text("4\n")
    assert log.read() == ["4"]
    log.close()


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="choose a file you can read"):
        LogFile(tmp_path / "none")


JOURNAL = (
    b'{"SYSLOG_IDENTIFIER": "sshd", "MESSAGE": "session opened", "PRIORITY": "6"}\n'
    b'{"SYSLOG_IDENTIFIER": "kernel", "MESSAGE": [111, 117, 99, 104, 255], "PRIORITY": "2"}\n'
    b'{"MESSAGE": null}\n'
    b'{"MESSAGE": "bare"}\n'
)


async def test_the_journal_is_read_as_journald_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lines").write_bytes(JOURNAL)
    program = tmp_path / "journalctl"
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/lines\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    (sense,) = sensing.of_logs([], with_journal=True).values()
    thoughts = [(await anext(sense))[0] for _ in range(3)]
    assert isinstance(sense, AsyncGenerator)
    await sense.aclose()
    contents = ["sshd: session opened", "kernel: ouch\ufffd", "?: bare"]
    assert [thought.content for thought in thoughts] == contents
    assert thoughts[1].salience > thoughts[0].salience


async def run_until(felt: Sensing, senses: dict[str, sensing.Sense], enough: asyncio.Event) -> None:
    running = asyncio.create_task(felt.run(senses))
    done, _ = await asyncio.wait(
        [running, asyncio.ensure_future(enough.wait())], return_when=asyncio.FIRST_COMPLETED
    )
    assert running not in done, running.exception()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def newcomer() -> Iterator[Callable[[], None]]:
    """Starts a process, once."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        if not started:
            started.append(subprocess.Popen(["sleep", "600"]))

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_all_senses_of_this_host_work_side_by_side(
    tmp_path: Path, newcomer: Callable[[], None]
) -> None:
    log = tmp_path / "app.log"
    log.touch()
    senses = sensing.of_host(HostSense, 0.05) | sensing.of_logs([log], with_journal=False)
    seen: dict[str, set[str]] = {}
    enough = asyncio.Event()

    async def write(thoughts: list[NewThought]) -> list[str]:
        for thought in thoughts:
            assert thought.source
            seen.setdefault(thought.extra["sense"], set()).add(thought.window)
        newcomer()  # now that the senses have looked
        if not log.stat().st_size:
            log.write_text("error: something\n")
        if len(seen) == len(senses):
            enough.set()
        return [""] * len(thoughts)

    felt = Sensing(write)
    await run_until(felt, senses, enough)
    assert seen["load"] == {"sensory", "emotion"}
    assert seen["processes"] == {"processes"}
    assert seen[f"log {log}"] == {"log"}
    assert felt.lost == 0


async def test_while_redis_is_away_the_senses_go_on_and_count_what_is_lost() -> None:
    enough = asyncio.Event()
    calls = 0

    async def write(thoughts: list[NewThought]) -> list[str]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RedisUnavailable("away")
        enough.set()
        return [""] * len(thoughts)

    async def alarms() -> AsyncGenerator[list[NewThought]]:
        while True:
            await asyncio.sleep(0.01)
            yield [NewThought.of("the house is on fire", salience=1)]

    felt = Sensing(write)
    await run_until(felt, {"smoke": alarms()}, enough)
    assert felt.lost >= 1
    assert felt.written["smoke"] >= 1
