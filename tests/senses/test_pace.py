"""How fast is fed: what the mind attends to, a rate, or all at once."""

import time
from collections.abc import Sequence

import pytest

from thoughtstream.config import StreamConfig
from thoughtstream.senses import pace
from thoughtstream.senses.pace import BATCH, Attention, Flood, NobodyAttends, Rate


async def through(_: Sequence[str]) -> bool:
    return False


async def stuck(_: Sequence[str]) -> bool:
    return True


@pytest.mark.parametrize(
    ("streams", "batch"),
    [
        (StreamConfig(), 50),
        (StreamConfig(cycle_target_ms=0), 500),
        (StreamConfig(cycle_target_ms=0, working_memory_maxlen=0), BATCH),
        (StreamConfig(working_memory_maxlen=20), 10),
        (StreamConfig(working_memory_ttl_ms=60, cycle_target_ms=5000), 1),
    ],
)
async def test_a_batch_is_what_half_its_time_is_enough_for(
    streams: StreamConfig, batch: int
) -> None:
    assert await Attention(through, streams).room(10_000, []) == batch
    assert await Attention(through, streams).room(1, []) == 1


async def test_the_next_batch_waits_for_the_last() -> None:
    asked: list[Sequence[str]] = []

    async def waiting(last: Sequence[str]) -> bool:
        asked.append(last)
        return len(asked) < 3

    assert await Attention(waiting, StreamConfig()).room(7, ["1-0@sensory"]) == 7
    assert asked == [["1-0@sensory"]] * 3


async def test_nobody_attending_is_an_error_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_PATIENCE_S", 0.0)
    with pytest.raises(NobodyAttends, match="`thoughtstream up`"):
        await Attention(stuck, StreamConfig(working_memory_ttl_ms=1)).room(1, ["1-0@sensory"])


async def test_a_rate_is_never_passed() -> None:
    began, given, rate = time.monotonic(), 0, Rate(1000)
    while given < 200:
        room = await rate.room(200 - given, [])
        assert room >= 1
        given += room
        assert given <= (time.monotonic() - began) * 1000 + 1


async def test_a_flood_is_only_cut_into_batches() -> None:
    assert await Flood().room(10**6, []) == BATCH
    assert await Flood().room(3, []) == 3
