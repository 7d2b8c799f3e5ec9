"""Operations on a cluster of real hosts, while clients write: all that was acknowledged is there,
nobody notices what was planned, no thought is attended twice, and every ledger balances.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.outcome import TABLE, Outcome, as_text
from tests.drills.rollouts import ROWS, made, try_out
from tests.lab.lab import Lab

OPERATIONS = {
    "upgrade 7.0 -> 8.0",
    "new passwords",
    "kill -9 of a master",
    "power-off of a host",
    "partition that heals",
    "disk full in a restart",
    "replace a host",
}
"""What there is time for in every run: each host and node is restarted, lost and replaced at least
once. `python -m tests.drills.rollouts` does all rows.
"""


@pytest.mark.timeout(1800)
def test_rollouts_lose_nothing(
    lab: Lab, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    rows = [row for row in ROWS if row.operation in OPERATIONS]
    outcomes: list[Outcome] = []
    with made(lab, tmp_path, rows) as site:
        try:
            outcomes.extend(try_out(row, site) for row in rows)
        finally:
            record_property(TABLE, as_text(outcomes))

    assert [outcome for outcome in outcomes if not outcome.good] == []
    assert len(outcomes) == len(OPERATIONS)
    assert all(outcome.acknowledged and outcome.attended for outcome in outcomes)
