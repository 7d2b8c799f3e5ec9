"""Operations on a cluster of real hosts, while clients write: all that was acknowledged is there,
nobody notices what was planned, no thought is attended twice, and every ledger balances.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.outcome import TABLE, Outcome, as_text
from tests.drills.rollouts import EVERY_RUN, made, try_out
from tests.lab.lab import Lab


@pytest.mark.timeout(3600)
def test_rollouts_lose_nothing(
    lab: Lab, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    outcomes: list[Outcome] = []
    with made(lab, tmp_path, EVERY_RUN) as site:
        try:
            outcomes.extend(try_out(row, site) for row in EVERY_RUN)
        finally:
            record_property(TABLE, as_text(outcomes))

    assert [outcome for outcome in outcomes if not outcome.good] == []
    assert len(outcomes) == len(EVERY_RUN)
    assert all(outcome.acknowledged and outcome.attended for outcome in outcomes)
