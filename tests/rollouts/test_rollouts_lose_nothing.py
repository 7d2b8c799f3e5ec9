"""Operations on a cluster of real hosts, while clients write: all that was acknowledged is there,
nobody notices what was planned, no thought is attended twice, and every ledger balances.
"""

from pathlib import Path

import pytest

from tests.drills.outcome import show
from tests.drills.rollouts import ROWS, made, try_out
from tests.lab.lab import Lab

OPERATIONS = {
    "rolling restart",
    "new passwords",
    "failover drill",
    "kill -9 of a master",
    "power-off of a host",
    "partition that heals",
}
"""What there is time for in every run; `python -m tests.drills.rollouts` does all of them."""


@pytest.mark.timeout(1800)
def test_rollouts_lose_nothing(lab: Lab, tmp_path: Path) -> None:
    rows = [row for row in ROWS if row.operation in OPERATIONS]
    with made(lab, tmp_path, rows) as site:
        outcomes = [try_out(row, site) for row in rows]

    show(outcomes)
    assert [outcome for outcome in outcomes if not outcome.good] == []
    assert len(outcomes) == len(OPERATIONS)
    assert all(outcome.acknowledged and outcome.attended for outcome in outcomes)
