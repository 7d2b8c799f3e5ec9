"""A sense that fails is told and asked again, with a growing pause, and the others go on."""

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.servers import wait_until
from thoughtstream.attention.models import NewThought
from thoughtstream.senses import sources
from thoughtstream.senses.logs import LogError, LogFile, LogSense
from thoughtstream.senses.processes import ProcessChanges, table
from thoughtstream.senses.sensing import Sense, Sensing


def entry(**fields: Any) -> bytes:
    return json.dumps({"SYSLOG_IDENTIFIER": "sshd", "PRIORITY": "6"} | fields).encode() + b"\n"


Journal = Callable[[bytes, str], Sense]


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    """A journal of these lines; its `journalctl` does this when it has told them."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def of(lines: bytes, then: str) -> Sense:
        (tmp_path / "lines").write_bytes(lines)
        program = tmp_path / "journalctl"
        program.write_text(f"#!/bin/sh\ncat {tmp_path}/lines\n{then}\n")
        program.chmod(0o755)
        (sense,) = sources.of_logs([], with_journal=True).values()
        return sense

    return of


async def told(sense: Sense, times: int) -> list[str]:
    """What it tells, or fails with, when it is asked so often."""
    found: list[str] = []
    for _ in range(times):
        try:
            found += [thought.content for thought in await sense.notice()]
        except LogError as error:
            found.append(f"! {error}")
    await sense.close()
    return found


async def test_the_journal_is_read_as_journald_writes_it(journal: Journal) -> None:
    lines = [
        entry(MESSAGE="session opened"),
        entry(SYSLOG_IDENTIFIER="kernel", MESSAGE=[111, 117, 99, 104, 255], PRIORITY="2"),
        entry(MESSAGE=None),
        b'{"MESSAGE": "bare"}\n',
        entry(
            MESSAGE=["one", [116, 119, 111], None],
            PRIORITY=["6", "3"],
            SYSLOG_IDENTIFIER=["a", "b"],
        ),
        entry(MESSAGE="half \ud800", PRIORITY="99", SYSLOG_IDENTIFIER=[]),
        entry(MESSAGE=7, PRIORITY={}),
    ]
    assert await told(journal(b"".join(lines), "exec sleep 600"), len(lines)) == [
        "sshd: session opened",
        "kernel: ouch\ufffd",
        "?: bare",
        "a: one",
        "a: two",
        "?: half \ufffd",
        "sshd: 7",
    ]


async def test_of_a_priority_that_comes_twice_the_gravest_counts(journal: Journal) -> None:
    sense = journal(entry(MESSAGE="x", PRIORITY=["6", "2"]), "exec sleep 600")
    [thought] = await sense.notice()
    await sense.close()
    assert thought.salience == 0.95


async def test_entries_that_are_none_are_told_and_the_others_read(journal: Journal) -> None:
    good = entry(MESSAGE="good")
    lines = [
        good, b"nonsense\n", good, b"[1]\n", good, b"[" * 100_000 + b"\n", good,
        entry(MESSAGE="x" * (5 << 20)), good, b"\xff\n", good,
    ]  # fmt: skip
    found = await told(journal(b"".join(lines), "exec sleep 600"), len(lines))
    assert found[::2] == ["sshd: good"] * 6
    for failure, reason in zip(
        found[1::2],
        ["not JSON", "not a JSON object", "not JSON", "left out", "not JSON"],
        strict=True,
    ):
        assert failure.startswith("! an entry ") and reason in failure


async def test_journalctl_that_ends_is_told_and_started_again(journal: Journal) -> None:
    sense = journal(entry(MESSAGE="good") + b'{"MESSAGE": "cut', "exit 3")
    assert await told(sense, 6) == [
        "sshd: good",
        "! an entry is not JSON: Unterminated string starting at: line 1 column 13 (char 12)",
        "! journalctl ended with exit code 3",
    ] * 2  # fmt: skip


def test_a_rotated_log_that_is_unreadable_for_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    log = LogFile(path)
    path.rename(tmp_path / "log.1")
    with (tmp_path / "log.1").open("a") as old:
        old.write("one\n")
        old.flush()
        assert log.read() == ["one"]
        path.symlink_to(path)  # can't be opened, whoever asks
        for _ in range(2):
            with pytest.raises(OSError, match="symbolic links"):
                log.read()
        old.write("two\nthr")
    assert log.read() == ["two"]
    path.unlink()
    path.write_text("four\n")
    assert log.read() == ["thr", "four"]
    log.close()


def test_a_long_line_is_cut_and_the_next_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    log = LogFile(path)
    with path.open("a") as file:
        for _ in range(5):
            file.write("x" * (1 << 20))
            file.flush()
            assert log.read() == []
        file.write("\nnext\n")
    long, following = log.read()
    assert (following, set(long)) == ("next", {"x"}) and len(long) < 1 << 14
    assert len(next(LogSense("log").notice([long])).content) == 2000
    log.close()


@pytest.fixture
def cut_name(tmp_path: Path) -> Iterator[int]:
    """A process whose name the kernel cuts inside a character; its id."""
    program = tmp_path / "fourteen bytesé"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "600"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_process_name_cut_inside_a_character(cut_name: int) -> None:
    def name() -> str:
        return Path(f"/proc/{cut_name}/comm").read_bytes()[:14].decode()

    wait_until(lambda: name() == "fourteen bytes", "it is running")
    now = {key: name for key, name in table().items() if key[0] == cut_name}
    [thought] = ProcessChanges(last={}).notice(now)
    assert thought.content.startswith("process fourteen bytes")
    assert thought.content.encode()


class Failing:
    """A sense that fails whenever it is asked but every fourth time, then it tells."""

    def __init__(self) -> None:
        self.asked = 0

    async def notice(self) -> list[NewThought]:
        self.asked += 1
        if self.asked % 4:
            raise [
                RuntimeError("odd"),
                UnicodeDecodeError("utf-8", b"x", 0, 1, "odd"),
                OSError("odd"),
            ][self.asked % 3]
        return [NewThought.of("well again", salience=1)]

    async def close(self) -> None:
        self.asked = -1


class Steady:
    """One that does not."""

    async def notice(self) -> list[NewThought]:
        await asyncio.sleep(0.001)
        return [NewThought.of("nothing new", salience=0)]

    async def close(self) -> None: ...


async def test_the_others_go_on_while_one_fails() -> None:
    enough = asyncio.Event()
    written: list[NewThought] = []

    async def write(thoughts: list[NewThought]) -> list[str]:
        written.extend(thoughts)
        if len(written) == 2:
            enough.set()
        return [""] * len(thoughts)

    felt, failing = Sensing(write, pause_s=0.01), Failing()
    with capture_logs() as logs:
        running = asyncio.create_task(felt.run({"failing": failing, "steady": Steady()}))
        await asyncio.wait(
            [running, asyncio.create_task(enough.wait())], return_when="FIRST_COMPLETED"
        )
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert enough.is_set()
    assert [thought.content for thought in written] == ["well again"] * 2
    assert written[0].source == socket.gethostname()
    assert felt.failed["failing"] == len(logs) >= 6  # it may have been asked once more by now
    assert felt.untold["steady"] > 2
    assert failing.asked == -1
    assert [line["again_in_s"] for line in logs[:6]] == [0.01, 0.02, 0.04] * 2
    assert {(line["event"], line["sense"]) for line in logs} == {("sense.failed", "failing")}
