"""What this host's senses read is predicted better by who has learned it."""

from pathlib import Path

import pytest

from tests.bench.prediction import TOGETHER, learned, mean, read, record
from tests.servers import RedisServer
from thoughtstream.config import RedisConfig
from thoughtstream.learning.lineage import Lineage
from thoughtstream.store.connection import connect

TRACE = Path(__file__).parent / "trace.jsonl"
"""Ten minutes of a machine with two cores on which tests ran."""


@pytest.mark.slow
async def test_its_error_halves_and_all_together_are_as_good_as_the_best(
    own_server: RedisServer,
) -> None:
    async with connect(RedisConfig(url=own_server.url)) as redis:
        found = await learned(Lineage(redis, "hosts"), read(TRACE))
    all_ = mean([*found.values()])
    assert all_.error[TOGETHER] <= 0.5 and all_.last_third <= 0.5
    assert all_.beside_best <= 1.1
    assert max(one.error[TOGETHER] for one in found.values()) < 1


def test_what_is_recorded_can_be_read(tmp_path: Path) -> None:
    record(tmp_path / "trace", 1, every_s=0.01)
    signals = read(tmp_path / "trace")
    assert "CPU usage" in {signal.what for signal in signals}
    assert all(len(signal.values) == 1 for signal in signals)
