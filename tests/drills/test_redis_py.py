"""What users of redis-py are told to do, so that hosts may come while they write."""

import re
from functools import partial
from pathlib import Path

from redis.crc import key_slot

from tests.clusters import running
from tests.drills import redis_py
from tests.drills.endpoint import Endpoint
from tests.servers import WHEEL, RedisServer, programs

ROOT = Path(__file__).parents[2]


def test_a_key_is_written_while_its_slot_moves_to_a_new_node(tmp_path: Path) -> None:
    with running(tmp_path, partial(RedisServer, programs()[WHEEL])) as cluster:
        redis = Endpoint((("127.0.0.1", cluster.masters[0]),)).connect()
        redis.set("{a}:before", "moves")
        new = cluster.add()
        with cluster.moving(key_slot(b"a"), new):
            redis.set("{a}:meanwhile", "is there")
        assert redis.mget("{a}:before", "{a}:meanwhile") == ["moves", "is there"]
        redis.close()


def test_the_runbook_shows_it() -> None:
    code = Path(redis_py.__file__).read_text().partition("\n\n")[2]
    shown = re.sub(r"  # type: .*", "", code)
    assert f"```python\n{shown}```" in (ROOT / "deploy/README.md").read_text()
