"""Slots move, as few as can be, and nothing that is written meanwhile is lost."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from threading import Event
from uuid import uuid4

import pytest

from deploy.cluster import slots
from deploy.cluster.state import SLOTS
from deploy.cluster.topology import Node
from tests.deploy.changing.contents import all_there
from tests.deploy.processes import Processes

pytestmark = pytest.mark.slow

A, B, C, D = (Node(host, f"10.0.0.{number}", 7001) for number, host in enumerate("abcd", 1))


TABLE = [
    ({A: 5461, B: 5462, C: 5461}, [A, B, C], []),
    ({A: 16384, B: 0}, [A, B], ["8192 slots a:7001 -> b:7001"]),
    (
        {A: 5461, B: 5462, C: 5461, D: 0},
        [A, B, C, D],
        [
            "1365 slots a:7001 -> d:7001",
            "1366 slots b:7001 -> d:7001",
            "1365 slots c:7001 -> d:7001",
        ],
    ),
    (
        {A: 4096, B: 4096, C: 4096, D: 4096},
        [A, B, C],
        [
            "1366 slots d:7001 -> a:7001",
            "1365 slots d:7001 -> b:7001",
            "1365 slots d:7001 -> c:7001",
        ],
    ),
]


@pytest.mark.parametrize(("have", "masters", "wanted"), TABLE)
def test_as_few_slots_move_as_can_be(
    have: dict[Node, int], masters: list[Node], wanted: list[str]
) -> None:
    want = slots.even(have, masters)

    assert [str(move) for move in slots.moves(have, want)] == wanted
    assert sum(want.values()) == SLOTS
    assert max(want[node] for node in masters) - min(want[node] for node in masters) <= 1


def test_slots_move_until_each_has_what_is_wanted(nodes: Processes) -> None:
    masters = nodes.view().masters
    have = slots.counts(nodes.view())
    want = {**have, masters[0]: have[masters[0]] - 1100, masters[1]: have[masters[1]] + 1100}

    assert slots.reshard(nodes, want)

    assert slots.counts(nodes.view()) == want
    assert nodes.told == [
        f"{done} of 1100 slots moved ({part}%): 1100 slots {masters[0]} -> {masters[1]}"
        for done, part in ((512, 46), (1024, 93), (1100, 100))
    ]
    assert all_there(nodes)
    assert not slots.reshard(nodes, want)


def test_what_is_written_while_slots_move_is_there(nodes: Processes) -> None:
    """New keys in every slot, also in those that had none when they began to move."""
    view = nodes.view()
    source, target = view.masters[:2]
    have = slots.counts(view)
    with ThreadPoolExecutor() as pool, writing(pool, nodes) as written:
        slots.reshard(nodes, {**have, source: have[source] - 1200, target: have[target] + 1200})
        slots.reshard(nodes, have)

    assert len(written) > 300
    with nodes.cluster.client() as client:
        assert {name: client.get(name) for name in written} == written


@contextmanager
def writing(pool: Executor, nodes: Processes) -> Iterator[dict[str, bytes]]:
    """Someone who writes key after key, whom no error may reach; what was acknowledged."""
    written: dict[str, bytes] = {}
    over = Event()

    def write() -> None:
        with nodes.cluster.client() as client:
            for number in count():
                if over.is_set():
                    break
                name, value = f"new:{uuid4()}", str(number).encode()
                client.set(name, value)
                written[name] = value
                over.wait(0.001)

    writer = pool.submit(write)
    try:
        yield written
    finally:
        over.set()
        writer.result()
