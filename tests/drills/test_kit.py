"""The kit of all drills: it kills what it should, forgets no promise, and sees what is missing."""

import random
import signal
import time
from functools import partial
from itertools import count, pairwise
from pathlib import Path

import pytest

from tests.drills import availability
from tests.drills.book import Book, Log, Note
from tests.drills.chaos import Chaos, Pool
from tests.drills.clients import Client, ClientProcess, wait_for_more, working
from tests.drills.findings import promises
from tests.servers import wait_until


def write(step_s: float, log: Log) -> None:
    """Has one value after the other acknowledged; every third one has no answer."""
    for number in count():
        value = log.name_of(number)
        log.sent("here", value)
        if number % 3:
            log.acknowledged("here", value)
        if log.over:
            break
        time.sleep(step_s)


def hang(log: Log) -> None:
    log.acknowledged("", "the only one")
    time.sleep(60)


def end(log: Log) -> None:
    """Ends though nobody has told it to."""


def client(folder: Path, name: str = "ada") -> Client:
    return Client(name, "writer", folder, partial(write, 0.001))


def test_a_client_that_is_killed_keeps_its_promises_in_its_next_life(tmp_path: Path) -> None:
    with working([client(tmp_path)]) as [process]:
        wait_for_more([process], 10)
        process.kill()
        before = process.client.book
        assert not before.ended
        process.start().wait_until_ready()
        wait_for_more([process], 10)
    after = process.client.book

    assert after.ended and after.count["started"] == 2
    assert after.acknowledged.items() >= before.acknowledged.items()
    assert len(after.noted("sent")) == after.count["sent"], "no name was given twice"
    assert len(after.acknowledged) == process.count
    assert after.unknown and not after.unknown & after.acknowledged.keys()


def test_a_client_that_hangs_is_killed_and_its_book_has_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.drills.clients._STOP_S", 0.2)
    with working([Client("ada", "writer", tmp_path, hang)]) as [process]:
        wait_until(lambda: process.count, "it has written")
        assert process.stop() == -signal.SIGKILL
    assert not process.client.book.ended


def test_the_longest_gap_is_that_of_one_place() -> None:
    def acknowledged(at: float, where: str) -> Note:
        return Note(at, "acknowledged", where, f"{where}{at}")

    book = Book(
        [acknowledged(1, "a"), acknowledged(2, "b"), acknowledged(4, "a"), acknowledged(7, "b"),
         Note(8, "ended", "", "")]
    )  # fmt: skip

    assert book.longest_gap_s == 5


def test_what_was_promised_is_checked_by_value() -> None:
    sent = [Note(n, "sent", "", str(n)) for n in range(5)]
    book = Book([*sent, *(Note(n, "acknowledged", "", str(n)) for n in range(4))])

    def found(*arrived: str, lost_until: float = -1) -> dict[str, str]:
        findings = promises("tasks", book, arrived, lambda note: note.at <= lost_until)
        return {finding.check: finding.found for finding in findings if not finding.good}

    assert found("0", "1", "2", "3") == {}
    assert found("0", "1", "2", "3", "4") == {}, "what had no answer may be there"
    assert found("0", "2", "3") == {"acknowledged tasks lost": "1: ['1']"}
    assert found("2", "3", lost_until=1) == {}, "these were not durable yet"
    assert found("0", "1", "1", "2", "3") == {"tasks written twice": "1"}
    assert found("0", "1", "2", "3", "x") == {"tasks that nobody wrote": "1"}


def test_chaos_counts_what_it_did_and_leaves_everything_up() -> None:
    told: list[str] = []
    moves = {
        "break": (3, lambda: told.append("broken")),
        "nothing to break": (1, lambda: False),
    }
    chaos = Chaos(random.Random(7), moves, lambda: told.append("up"), (0, 0.001))

    chaos.run(0.2)

    assert chaos.done["break"] == told.count("broken") > 10
    assert chaos.done["nothing to break"] == 0
    assert told[-1] == "up" and ("broken", "broken") not in pairwise(told)


def test_whatever_was_done_to_a_pool_it_is_up_and_what_ended_by_itself_is_told(
    tmp_path: Path,
) -> None:
    clients = [client(tmp_path, name) for name in ("ada", "bea")]
    pool: Pool[ClientProcess] = Pool("client", list(map(ClientProcess, clients)), random.Random(7))
    try:
        pool.start()
        pool.wait_until_ready()
        for move in (pool.kill, pool.freeze, pool.freeze, pool.restart, pool.kill):
            move()
        pool.wait_until_ready()
        pool.stop()
        assert pool.wrong == []
        assert all(each.book.ended for each in clients)
        assert sum(each.book.count["started"] for each in clients) > 2
    finally:
        pool.end()

    ending = ClientProcess(Client("eve", "writer", tmp_path, end))
    alone = Pool("client", [ending], random.Random(7))
    try:
        alone.start()
        wait_until(lambda: ending.ended() is not None, "it has ended")
        alone.look_after()
        assert alone.wrong == ["a client ended by itself, with 0"]
    finally:
        alone.end()


def test_an_outage_lasts_until_the_next_answer() -> None:
    probes = [(0.0, True), (1.0, False), (1.5, False), (2.0, True), (3.0, True), (4.0, False)]
    found = availability.of([*reversed(probes)], 6.0)
    assert (found.probes, found.answered, found.outages_s) == (6, 3, [1.0, 2.0])
    assert found.share == 0.5
    assert "3 of 6 (50.00%); 2 outages" in found.finding.found
