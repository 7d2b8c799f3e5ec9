"""The drill of conservation, a short one. `python -m tests.drills.conservation` runs longer."""

from pathlib import Path

import pytest

from tests.drills.conservation import run
from tests.drills.stage import Drill
from tests.servers import programs


@pytest.mark.parametrize("version", sorted(programs()))
def test_no_thought_is_missing_whatever_is_killed(version: str, tmp_path: Path) -> None:
    report = run(Drill(seconds=15, seed=7, redis=version), tmp_path)
    assert [finding for finding in report.findings if not finding.good] == []
    assert report.thoughts["attended"] > 100
    assert report.done["kill -9 of Redis"] and report.done["kill -9 of a service"]
