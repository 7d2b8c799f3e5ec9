"""The drill of a cluster, a short one. `python -m tests.drills.cluster` runs longer."""

from pathlib import Path

from tests.drills.cluster import drill


def test_nothing_is_missing_whatever_node_is_lost(tmp_path: Path) -> None:
    [outcome] = drill(tmp_path, seconds=12, seed=7)
    assert outcome.good, outcome
    assert outcome.acknowledged > 0 and outcome.attended > 0
    assert any("kill -9 of a master" in detail for detail in outcome.details), outcome.details
