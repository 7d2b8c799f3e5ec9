"""Recall on a cluster: each mind's memories, and its index, are on one of the nodes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.clusters import cluster
from tests.recall.conftest import REDISEARCH
from tests.recall.servers import anchor, with_redisearch
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import RedisConfig, Settings

pytestmark = pytest.mark.slow

MAKERS: dict[str, Callable[..., RedisServer]] = {
    REDISEARCH: with_redisearch,
    "FTS5": partial(RedisServer, programs()[WHEEL]),
}


@pytest.mark.parametrize("index", MAKERS)
async def test_minds_on_every_node_recall(index: str, tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    with cluster(tmp_path / "nodes", MAKERS[index]) as url:
        settings = Settings(home=tmp_path / "home", redis=RedisConfig(url=url))
        for name in (f"mind {n}" for n in range(9)):
            async with Mind.connect(name, settings=settings) as mind:
                seen = [f"{name} saw {number} kites" for number in range(60)]
                await anchor(mind, map(NewThought.of, seen))
                answer = await mind.recall("kite", limit=100)
                assert sorted(memory.content for memory in answer) == sorted(seen)
                assert mind._recall.index == index
