"""Operations on a cluster of real hosts, while clients write: all that was acknowledged is there,
nobody notices what was planned, no thought is attended twice, and every ledger balances.
"""

from pathlib import Path

import pytest

from tests.drills.outcome import show
from tests.drills.rollouts import ROWS, made, try_out
from tests.lab.lab import Lab


@pytest.mark.timeout(2700)
def test_rollouts_lose_nothing(lab: Lab, tmp_path: Path) -> None:
    with made(lab, tmp_path, ROWS) as site:
        outcomes = [try_out(row, site) for row in ROWS]

    show(outcomes)
    assert [outcome for outcome in outcomes if not outcome.good] == []
    assert len(outcomes) == len(ROWS)
    assert all(outcome.acknowledged and outcome.attended for outcome in outcomes)
