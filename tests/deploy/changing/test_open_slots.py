"""Moves that were cut off are resumed, or left to a person; no key is thrown away."""

from collections.abc import Callable, Collection
from itertools import count, islice

import pytest

from deploy.cluster import slots
from deploy.cluster.health import problems
from deploy.cluster.nodes import ClusterError, Nodes, wait_until_healthy
from deploy.cluster.open_slots import close_open
from deploy.cluster.slot_migration import move_slots
from deploy.cluster.topology import Node
from tests.deploy.changing.contents import KEYS, all_there, slot_with_keys
from tests.deploy.processes import Processes

pytestmark = pytest.mark.slow


def test_a_move_that_was_cut_off_is_gone_on_with(nodes: Processes) -> None:
    view = nodes.view()
    source, target = view.masters[:2]
    slot = slot_with_keys(nodes, source)
    _half_moved(nodes, source, target, slot)
    assert any("open slots" in line for line in problems(nodes.view(), 1))

    assert close_open(nodes, nodes.view().nodes)
    assert not close_open(nodes, nodes.view().nodes)

    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def _half_moved(nodes: Nodes, source: Node, target: Node, slot: int) -> str:
    """Opens a slot and moves its keys; returns one of ours: other tests left some, too."""
    view = nodes.view()
    nodes.ask(target, "cluster", "setslot", str(slot), "importing", view[source].id)
    nodes.ask(source, "cluster", "setslot", str(slot), "migrating", view[target].id)
    keys = nodes.ask(source, "cluster", "getkeysinslot", str(slot), "100").split()
    where = ("127.0.0.1", str(target.port), "", "0", "5000")
    nodes.ask(source, "migrate", *where, "keys", *keys)
    return next(key for key in keys if key in KEYS)


def test_keys_are_brought_home_that_nobody_remembers_to_have_moved(nodes: Processes) -> None:
    """A node that is forgotten takes with it that another one was importing slots of it."""
    view = nodes.view()
    source, target = view.masters[:2]
    slot = slot_with_keys(nodes, source)
    _half_moved(nodes, source, target, slot)
    for node in (source, target):
        nodes.ask(node, "cluster", "setslot", str(slot), "stable")
    assert problems(nodes.view(), 1) == []
    assert not all_there(nodes)

    assert close_open(nodes, nodes.view().nodes, search=True)

    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def test_a_key_on_two_masters_is_left_to_a_person(nodes: Processes) -> None:
    view = nodes.view()
    source, target = view.masters[:2]
    slot = slot_with_keys(nodes, source)
    key = _half_moved(nodes, source, target, slot)
    with nodes.cluster.servers[source.port].client() as client:
        client.execute_command("CLUSTER SETSLOT", slot, "STABLE")
        client.set(key, "another one")

    with pytest.raises(ClusterError, match="a key may be on two masters") as raised:
        close_open(nodes, nodes.view().nodes)

    assert f"closed ([{slot}])" in str(raised.value)
    assert "\x1b" not in str(raised.value)
    for master, value in ((source, "another one"), (target, key.removeprefix("key:"))):
        assert _asking(nodes, master, "get", key) == value, "nothing is thrown away"
    assert _asking(nodes, source, "del", key) == 1
    close_open(nodes, nodes.view().nodes)
    assert problems(wait_until_healthy(nodes), 1) == []
    assert all_there(nodes)


def _asking(nodes: Processes, node: Node, *command: str) -> object:
    """What a node answers that may not be the one that has the slot now."""
    with nodes.cluster.servers[node.port].client() as client:
        pipe = client.pipeline(transaction=False)
        pipe.execute_command("ASKING")
        pipe.execute_command(*command)
        return pipe.execute()[1]


def test_moves_that_are_cut_off_anywhere_are_gone_on_with(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each of the questions that move the slots without keys but the last."""
    view = nodes.view()
    source, target = view.masters[:2]
    want = slots.counts(view)
    for asked in (1, 2, 3):
        want |= {source: want[source] - 50, target: want[target] + 50}
        with monkeypatch.context() as patch:
            patch.setattr(nodes, "ask", _cut_off(nodes, asked))
            with pytest.raises(_CutOff):
                slots.reshard(nodes, want)
        late = _written_to(nodes, nodes.view().open_slots)

        close_open(nodes, nodes.view().nodes)
        slots.reshard(nodes, want)

        assert slots.counts(nodes.view()) == want
        assert problems(nodes.view(), 1) == []
        assert all_there(nodes)
        with nodes.cluster.client() as client:
            assert {name: client.get(name) for name in late} == late


def _written_to(nodes: Processes, slots: Collection[int]) -> dict[str, bytes]:
    """New keys of some slots, which a client is sent to the target with (ASK) while they move."""
    with nodes.cluster.client() as client:
        written = {n: n.encode() for n in map(str, range(9000)) if client.keyslot(n) in slots}
        for name, value in written.items():
            client.set(name, value)
    return written


def test_slots_of_a_master_that_has_failed_over_meanwhile_stay(
    nodes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has taken over takes writes in slots that are thought to be without keys."""
    view = nodes.view()
    source, target = view.masters[:2]
    moving = sorted(view[source].slots)[:50]
    names = (f"late:{number}" for number in count())
    written = {}
    asked = count(1)

    def ask(node: Node, *command: str) -> str:
        if next(asked) == 3:
            successor = nodes.cluster.hand_over(source.port)
            with nodes.cluster.client() as client:
                written.update({n: n for n in islice(names, 9000) if client.keyslot(n) in moving})
            with nodes.cluster.servers[successor].client() as client:
                for name in written:
                    client.set(name, name)
        return Processes.ask(nodes, node, *command)

    monkeypatch.setattr(nodes, "ask", ask)
    with pytest.raises(ClusterError, match="the epoch has changed"):
        move_slots(nodes, view, source, target, len(moving))

    close_open(nodes, nodes.view().nodes)
    with nodes.cluster.client() as client:
        assert written
        assert {name: client.get(name) for name in written} == {
            name: name.encode() for name in written
        }


class _CutOff(Exception):
    pass


def _cut_off(nodes: Processes, after: int) -> Callable[..., str]:
    asked = count(1)

    def ask(node: Node, *command: str) -> str:
        if next(asked) > after:
            raise _CutOff
        return Processes.ask(nodes, node, *command)

    return ask
