"""A cluster on three hosts: made, left alone, verified, mended."""

from .clusters import Cluster


def test_it_is_made_and_the_second_run_changes_nothing(made_cluster: Cluster) -> None:
    assert not made_cluster.run().changed
