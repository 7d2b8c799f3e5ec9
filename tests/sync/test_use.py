"""Minds and colonies without async: the same, and errors come through as they are."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.coordination.conftest import LEASE_S
from tests.servers import RedisServer, wait_until
from thoughtstream import (
    AgentHeld,
    AgentSuperseded,
    AgentUnknown,
    InvalidThought,
    NotConnected,
    Packet,
    RedisUnavailable,
    ReservationLost,
    TaskQueue,
    keys,
)
from thoughtstream.config import Settings
from thoughtstream.sync import Colony, Mind


def test_two_lines_think_and_recall(mind: Mind) -> None:
    mind.think("the kettle is on", salience=0.9)
    mind.anchor("tea needs four minutes")
    [memory] = mind.recall("tea")
    assert memory.content == "tea needs four minutes"
    assert mind.attend().attended and mind.audit().balanced
    assert mind.name == "ana"


def test_what_wins_is_iterated_over_as_it_wins(mind: Mind) -> None:
    thoughts = mind.attended(since="0")

    def write() -> None:
        for number in range(3):
            mind.think(f"thought {number}")
            mind.attend()

    with ThreadPoolExecutor(1) as thread:
        written = thread.submit(write)
        said = [next(thoughts).content for _ in range(3)]
        written.result()
    thoughts.close()  # type: ignore[attr-defined]
    assert said == [f"thought {number}" for number in range(3)]


def test_an_iterator_that_outlives_the_connection_ends(settings: Settings) -> None:
    with Mind.connect(settings=settings) as mind:
        mind.think("x")
        mind.attend()
        thoughts = mind.attended(since="0")
        assert next(thoughts).content == "x"
    with pytest.raises(NotConnected, match="is closed; connect again"):
        next(thoughts)


def test_agents_write_to_each_other(colony: Colony) -> None:
    with colony.join("ana", skills=["python"]) as ana, ana.working("reading"):
        handle = colony.send("bo", "ana", "hello?")
        assert [agent.state for agent in colony.agents()] == ["working"]
        [message] = ana.inbox(wait_s=10)
        assert (message.sender, message.text) == ("bo", "hello?")
        assert message.read("hello!")
        assert handle.result(10) == "hello!"
        colony.dispatch(Packet("seed", "physics", "it falls", targets=("ana",)))
        [packet] = colony.inbox("ana")
        assert packet.packet is not None and packet.packet.domain == "physics"
    assert [agent.state for agent in colony.agents()] == ["offline"]


def test_a_worker_in_a_thread_runs_what_is_submitted(colony: Colony) -> None:
    tasks, stop = TaskQueue("chores"), threading.Event()

    @tasks.task
    def double(number: int) -> int:
        colony.scratch.set("doubled", number, ttl_s=60)
        return 2 * number

    worker = threading.Thread(target=colony.work, args=(tasks, stop))
    worker.start()
    assert colony.submit(double.with_args(21)).result(20) == 42
    assert colony.scratch.get("doubled") == 21
    stop.set()
    worker.join(20)
    assert not worker.is_alive()
    assert colony.queue("chores").audit().completed == 1


def test_what_is_expensive_is_computed_once(colony: Colony) -> None:
    made = []

    def compute() -> int:
        time.sleep(0.05)
        made.append(colony.scratch.get("nothing"))
        return len(made)

    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(lambda _: colony.cache.get_or_compute("k", compute), range(8))
    assert [*answers] == [1] * 8


def test_one_at_a_time_has_a_name(colony: Colony) -> None:
    inside = []

    def work(number: int) -> None:
        with colony.reserve("x", by=f"agent {number}") as held:
            inside.append(held.fence)
            assert len(colony.reservations()) == 1

    with ThreadPoolExecutor(4) as threads:
        [*threads.map(work, range(8))]
    assert inside == sorted({*inside}) and len(inside) == 8


def test_errors_come_through_as_they_are(colony: Colony, mind: Mind) -> None:
    with pytest.raises(InvalidThought, match="salience"):
        mind.think("x", salience=2)
    with pytest.raises(AgentUnknown, match="no agent 'nobody' is registered"):
        colony.send("bo", "nobody", "x")
    with pytest.raises(TimeoutError):
        colony.register("ana")
        colony.send("bo", "ana", "x").result(0.01)
    with pytest.raises(KeyError, match="mine"), colony.reserve("x", by="ana"):
        raise KeyError("mine")
    assert colony.reservations() == []
    with (
        colony.join("bo"),
        pytest.raises(AgentHeld, match="bo: is held by"),
        colony.join("bo"),
    ):
        pass


def test_a_connection_that_cannot_be_made_is_said(settings: Settings) -> None:
    with (
        pytest.raises(RedisUnavailable),
        Mind.connect(url="unix:///nowhere.sock", settings=settings),
    ):
        pass
    with pytest.raises(NotConnected, match=r"think: is not connected yet; write `with"):
        Mind.connect(settings=settings).think("x")  # type: ignore[attr-defined]


def test_what_is_lost_is_raised_at_the_end_and_by_calls(
    colony: Colony, server: RedisServer
) -> None:
    with pytest.raises(ReservationLost, match="x: "), colony.reserve("x", by="ana"):
        with server.client() as client:
            client.delete(keys.RESERVATION[0].key(reservation="x"))
        time.sleep(LEASE_S)  # what is tested is that time passes
    with (
        pytest.raises(AgentSuperseded, match="ana: "),
        colony.join("ana") as old,
        colony.join("ana", takeover=True),
    ):
        wait_until(lambda: _is_refused(old.inbox), "its calls are refused")
        old.inbox()


def _is_refused(call: object) -> bool:
    try:
        assert callable(call)
        call()
    except AgentSuperseded:
        return True
    return False
