"""Sleep on a Redis Cluster, by hand and on schedule."""

from functools import partial
from pathlib import Path

import pytest

from tests import clusters
from tests.servers import RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind
from thoughtstream.config import MemoryConfig, RedisConfig, Settings

NAMES = ("ana", "bob", "eve", "kim")


@pytest.mark.slow
@pytest.mark.parametrize("version", sorted(programs()))
async def test_minds_on_every_node_sleep(version: str, tmp_path: Path) -> None:
    server = partial(RedisServer, programs()[version])
    with clusters.cluster(tmp_path, server) as url:
        settings = Settings(
            home=tmp_path / "home", redis=RedisConfig(url=url), memory=MemoryConfig(sleep_every_s=1)
        )
        for name in NAMES:
            async with Mind.connect(name, settings=settings) as mind:
                for n in range(3):
                    await mind.anchor(f"The disk of {name} is {n}% full")
                await mind.anchor(f"The disk of {name} is 2% full")
                if name == NAMES[0]:
                    report = await mind.sleep()
                    assert (len(report.merged), len(report.distilled)) == (1, 1)
                await mind.think("awake")
        async with running(settings):
            for name in NAMES:
                async with Mind.connect(name, settings=settings) as mind:

                    async def has_slept(mind: Mind = mind) -> bool:
                        state = await mind.state()
                        merged = state.ledger.get("merged")
                        return (state.memory_counts["semantic"], merged) == (1, 1)

                    await until(has_slept)
