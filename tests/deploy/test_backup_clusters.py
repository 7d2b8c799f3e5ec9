"""Which node of each shard is saved, and when a cluster can't be."""

from dataclasses import replace

from deploy.backups.clusters import chosen, unsound
from deploy.cluster.slots import ranges
from tests.deploy.views import six, view


def test_a_caught_up_replica_of_every_shard_is_saved() -> None:
    assert list(map(str, chosen(view(six())))) == ["b:7002", "c:7002", "a:7002"]
    assert not list(unsound(view(six())))


def test_the_master_is_saved_where_no_replica_has_caught_up() -> None:
    cluster = six()
    cluster[3] = cluster[3].with_info(master_link_status="down")
    cluster[4] = cluster[4].with_info(slave_repl_offset="-9999999")
    cluster[5] = replace(cluster[5], silent=True)

    assert list(map(str, chosen(view(cluster)))) == ["a:7001", "b:7001", "c:7001"]


def test_slots_that_nobody_serves_or_that_move_are_no_whole_backup() -> None:
    cluster = six()
    cluster[2] = replace(cluster[2], slots=["10923-16383", "[7->-abc]"])
    assert "c:7001: has open slots: 7; deploy.rebalance" in next(unsound(view(cluster)))

    cluster[2] = replace(cluster[2], silent=True)
    assert "10923 of 16384 slots" in next(unsound(view(cluster)))


def test_slots_are_written_as_ranges() -> None:
    assert ranges([5, 0, 1, 2, 7, 8]) == [(0, 2), (5, 5), (7, 8)]
    assert ranges([]) == []
