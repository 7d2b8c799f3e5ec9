"""What nodes say, read; and what of it keeps a gate shut."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy.cluster.health import problems
from deploy.cluster.state import NodeView
from deploy.facts.cluster import NodesFact
from tests.deploy.views import Said, id_of, lines, node, said, six, view


def test_a_well_cluster_has_no_problems() -> None:
    assert problems(view(six()), 1) == []


def test_a_view_knows_who_follows_whom() -> None:
    cluster = view(six())

    assert list(map(str, cluster.masters)) == ["a:7001", "b:7001", "c:7001"]
    assert cluster.master_of(node("a:7002")) == node("c:7001")
    assert cluster.replicas(node("c:7001")) == [node("a:7002")]
    assert cluster[node("b:7001")].slots == frozenset(range(5461, 10923))
    assert cluster[node("b:7001")].keys == 7


def test_answers_are_read_node_by_node() -> None:
    cluster = six()
    output = [
        "=== a:7001", *lines(cluster[0], cluster), "=== a:7002", "=== b:7002",
        *lines(cluster[3], cluster),
    ]  # fmt: skip

    found = NodesFact().process(output)

    assert {name: view and view.id for name, view in found.items()} == {
        "a:7001": id_of(node("a:7001")),
        "a:7002": None,
        "b:7002": id_of(node("b:7002")),
    }


def test_a_node_that_is_cut_short_has_not_answered() -> None:
    whole = lines(six()[0], six())

    assert NodeView.parse(whole[:6]) is None
    assert (
        NodeView.parse(["Could not connect to Redis at 10.0.0.1:7001: Connection refused"]) is None
    )


def test_a_slot_of_its_own_and_one_on_its_way_are_told_apart() -> None:
    moving = f"[7->-{id_of(node('b:7001'))}]"
    found = NodeView.parse(lines(me := said("a:7001", f"3 7 9-11 {moving}"), [me]))

    assert found is not None
    assert sorted(found.slots) == [3, 7, 9, 10, 11]
    assert sorted(found.open_slots) == [7]


def _change(name: str, how: Callable[[Said], Said]) -> list[Said]:
    return [how(each) if each.node == node(name) else each for each in six()]


UNWELL = [
    (_change("b:7001", lambda one: replace(one, silent=True)), "b:7001 doesn't answer"),
    (_change("b:7001", lambda one: replace(one, silent=True)), "a:7001 sees 8192 of 16384 slots"),
    (_change("b:7002", lambda one: replace(one, silent=True)), "a:7001 has 0 of 1 replicas"),
    (_change("c:7001", lambda one: replace(one, flags="fail?")), "a:7001 sees c:7001 as fail?"),
    (_change("c:7001", lambda one: replace(one, flags="handshake")), "sees c:7001 as handshake"),
    (_change("a:7001", lambda one: one.with_info(cluster_state="fail")), "a:7001 sees the cluster"),
    (_change("a:7001", lambda one: one.with_info(loading="1")), "a:7001 is loading its data"),
    (
        _change("a:7001", lambda one: one.with_info(aof_last_write_status="err")),
        "a:7001 can't write its log; is its disk full?",
    ),
    (
        _change("a:7001", lambda one: replace(one, slots=["0-5460", f"[5-<-{'0' * 40}]"])),
        "a:7001 has open slots: 5",
    ),
    (
        _change("a:7002", lambda one: one.with_info(master_link_status="down")),
        "a:7002 has no link to its master c:7001",
    ),
    (
        _change("a:7002", lambda one: one.with_info(master_sync_in_progress="1")),
        "a:7002 has no link to its master c:7001",
    ),
    (
        _change("c:7001", lambda one: one.with_info(master_repl_offset="9000000")),
        "a:7002 is 8999000 bytes behind its master c:7001",
    ),
    (_change("a:7002", lambda one: replace(one, master="a:7001")), "on the host of its master"),
    (_change("a:7002", lambda one: replace(one, master="a:7001")), "c:7001 has 0 of 1 replicas"),
]


@pytest.mark.parametrize(("cluster", "line"), UNWELL)
def test_what_is_not_well_is_named(cluster: list[Said], line: str) -> None:
    assert any(line in found for found in problems(view(cluster), 1)), problems(view(cluster), 1)


def test_a_node_that_another_does_not_know_is_named() -> None:
    cluster = view(six())
    blind = lines(six()[0], six()[:5])
    nodes = {**cluster.nodes, node("a:7001"): NodeView.parse(blind)}

    assert "a:7001 doesn't know a:7002" in problems(replace(cluster, nodes=nodes), 1)


def test_nodes_that_see_other_masters_are_named() -> None:
    cluster = view(six())
    moved = [said("a:7001", "0-5459"), said("b:7001", "5460-10922"), *six()[2:]]
    nodes = {**cluster.nodes, node("b:7001"): NodeView.parse(lines(moved[1], moved))}

    found = problems(replace(cluster, nodes=nodes), 1)

    assert found == ["b:7001 and a:7001 disagree about who serves which slots"]


def test_a_member_that_is_not_in_the_inventory_is_unknown() -> None:
    everybody = [*six(), said("d:7001")]
    without = view(everybody).nodes
    mine = {name: found for name, found in without.items() if name != node("d:7001")}

    assert [one.endpoint for one in replace(view([]), nodes=mine).unknown_members()] == [
        "10.0.0.4:7001"
    ]


def test_a_silent_node_of_the_inventory_is_not_unknown() -> None:
    silent = view(_change("b:7001", lambda one: replace(one, silent=True)))

    assert list(silent.unknown_members()) == []


def test_a_node_that_is_just_being_met_is_not_unknown() -> None:
    met = replace(said("b:7001"), flags="handshake")
    first, new = view([said("a:7001", "0-99"), met]).nodes, view([said("b:7002")]).nodes
    nodes = {node("a:7001"): first[node("a:7001")], node("b:7002"): new[node("b:7002")]}

    assert list(replace(view([]), nodes=nodes).unknown_members()) == []
