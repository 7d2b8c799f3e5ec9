"""The list of queues: a projection that can be made anew, of one server and of a cluster."""

from functools import partial
from pathlib import Path

import pytest

from tests.clusters import cluster
from tests.coordination.conftest import short
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import keys
from thoughtstream.colony import Colony
from thoughtstream.coordination.models import NewTask

NAMES = [f"queue {{{number}}}" for number in range(20)]


async def list_is_made_anew(colony: Colony) -> None:
    """Also while agents have inboxes, which are queues and none of the list."""
    await colony.register("ana")
    await colony.send("bo", "ana", "a word")
    for number, name in enumerate(NAMES):
        await colony.queue(name).submit(*[NewTask("x")] * (number + 1))
    audits = await colony.queues()
    assert [audits[name].waiting for name in NAMES] == list(range(1, len(NAMES) + 1))
    await colony.redis.delete(keys.QUEUES.key())
    assert await colony.queues() == {}
    assert await colony.queues(rebuild=True) == audits
    assert set(audits) == set(NAMES), "an inbox is an agent's: `agents list` shows it"


async def test_the_list_of_queues_is_made_anew(colony: Colony) -> None:
    await list_is_made_anew(colony)


@pytest.mark.slow
async def test_the_list_of_queues_is_made_anew_in_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    make = partial(RedisServer, programs()[WHEEL])
    with cluster(tmp_path / "nodes", make) as url:
        async with Colony.connect(settings=short(url, tmp_path / "home")) as colony:
            await list_is_made_anew(colony)
            waiting = [keys.WAITING.key(queue=name) for name in NAMES]
            assert len({colony.redis.server_of(key) for key in waiting}) == 3
