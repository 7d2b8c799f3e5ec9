"""Operations on a cluster of real hosts, while clients write: all that was acknowledged is there,
nobody notices what was planned, no thought is attended twice, and every ledger balances.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.outcome import TABLE, Outcome, as_text
from tests.drills.rollouts import ROWS, made, try_out
from tests.lab.lab import Lab

LONG = {"add a host", "remove a host"}
"""Minutes in which a quarter of the slots moves, for which there is no time in every run on two
cores; `python -m tests.drills.rollouts` does all rows.
"""
OPERATIONS = [row for row in ROWS if row.operation not in LONG]


@pytest.mark.timeout(2400)
def test_rollouts_lose_nothing(
    lab: Lab, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    outcomes: list[Outcome] = []
    with made(lab, tmp_path, OPERATIONS) as site:
        try:
            outcomes.extend(try_out(row, site) for row in OPERATIONS)
        finally:
            record_property(TABLE, as_text(outcomes))

    assert [outcome for outcome in outcomes if not outcome.good] == []
    assert len(outcomes) == len(OPERATIONS)
    assert all(outcome.acknowledged and outcome.attended for outcome in outcomes)
