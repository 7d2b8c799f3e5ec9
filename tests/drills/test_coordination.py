"""The drill of coordination, a short one. `python -m tests.drills.coordination` runs longer."""

from pathlib import Path

import pytest

from tests.drills.coordination import Drill, run


@pytest.mark.parametrize(("seconds", "cluster"), [(8, False), (15, True)])
def test_no_task_is_missing_whatever_is_killed(
    seconds: float, cluster: bool, tmp_path: Path
) -> None:
    report = run(Drill(seconds=seconds, seed=7, cluster=cluster), tmp_path)
    assert [finding for finding in report.findings if not finding.good] == []
    assert report.done["tasks acknowledged"] > 100
    assert report.availability.probes > 20
    assert 0 < report.availability.answered <= report.availability.probes
    assert report.done["kill -9 of a worker"] and report.done["kill -9 of a producer"]
