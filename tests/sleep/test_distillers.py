"""Distillers as somebody else would write them, good and bad."""

from typing import Any

import pytest

from tests.sleep.distillers import Broken, Counting, Silent
from tests.sleep.memories import DISK, KETTLE, picture, remember
from thoughtstream import Mind
from thoughtstream.config import ConfigError, MemoryConfig, Settings
from thoughtstream.memory.sleep import DistillerFailed


async def test_a_distiller_of_ones_own(redis: Any, settings: Settings) -> None:
    await remember(redis, "ana", DISK)
    memory = MemoryConfig(sleep_distiller="tests.sleep.distillers:Counting")
    own = settings.model_copy(update={"memory": memory})
    async with Mind.connect("ana", settings=own) as mind:
        await mind.sleep()
        [found] = await mind.recall("deja vu")
    assert found.content == "3 times: The disk is 91% full (déjà vu)"
    assert found.kind == "semantic"


async def test_a_distiller_that_fails_costs_its_own_moves_only(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    with pytest.raises(DistillerFailed, match="not at home"):
        await mind.sleep(distiller=Broken())
    assert (await picture(redis, "ana"))["ledger"] == {"replayed": 4, "merged": 1, "distilled": 0}
    assert (await mind.sleep(distiller=Silent())).distilled == []
    report = await mind.sleep(distiller=Counting())
    assert len(report.distilled) == 1


@pytest.mark.parametrize("name", ["no.such:Thing", "tests.sleep.distillers:Nobody",
                                  "tests.sleep.distillers:NoDistiller"])  # fmt: skip
async def test_a_distiller_that_is_none(redis: Any, settings: Settings, name: str) -> None:
    own = settings.model_copy(update={"memory": MemoryConfig(sleep_distiller=name)})
    async with Mind.connect("ana", settings=own) as mind:
        with pytest.raises(ConfigError, match=r"memory\.sleep_distiller"):
            await mind.sleep()
