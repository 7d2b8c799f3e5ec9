"""The senses of a host: what they say of readings, processes and logs, and of this very host."""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import RedisUnavailable
from thoughtstream.senses import sources
from thoughtstream.senses.host import Feeling, Reading
from thoughtstream.senses.logs import LINES_AT_ONCE, LogError, LogFile, LogSense, severity
from thoughtstream.senses.processes import ProcessChanges, Table, table
from thoughtstream.senses.sensing import Sense, Sensing
from thoughtstream.senses.sources import HostSense


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


async def run_until(felt: Sensing, senses: dict[str, Sense], enough: asyncio.Event) -> None:
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
    senses = sources.of_host(HostSense, 0.05) | sources.of_logs([log], with_journal=False)
    seen: dict[str, set[str]] = {}
    enough = asyncio.Event()

    async def write(thoughts: list[NewThought]) -> list[str]:
        for thought in thoughts:
            assert thought.source
            seen.setdefault(thought.extra["sense"], set()).add(thought.window)
        return [""] * len(thoughts)

    async def provoke() -> None:
        while not {"processes", f"log {log}"} <= seen.keys() or felt.untold.keys() != senses.keys():
            await asyncio.sleep(0.05)
            if felt.untold.keys() >= {"load", "memory", "disk", "network", "processes"}:
                newcomer()  # now that the senses have looked
                with log.open("a") as file:
                    file.write("error: something\n")
        enough.set()

    felt = Sensing(write)
    provoking = asyncio.create_task(provoke())
    await run_until(felt, senses, enough)
    await provoking
    assert seen["processes"] == {"processes"}
    assert seen[f"log {log}"] == {"log"}
    assert seen.get("load", set()) <= {"sensory", "emotion"}
    assert (felt.lost, felt.failed) == (0, {})


class Alarm:
    """A sense that never rests."""

    async def notice(self) -> list[NewThought]:
        await asyncio.sleep(0.01)
        return [NewThought.of("the house is on fire", salience=1)]

    async def close(self) -> None: ...


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

    felt = Sensing(write)
    await run_until(felt, {"smoke": Alarm()}, enough)
    assert felt.lost >= 1
    assert felt.written["smoke"] >= 1
