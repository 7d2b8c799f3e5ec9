"""Of many processes that want one value, one computes it, whatever becomes of that one."""

import os
import signal
from pathlib import Path

import pytest

from tests.coordination.callers import callers
from tests.servers import RedisServer, wait_until


@pytest.mark.parametrize("count", [20, 100])
def test_of_many_processes_one_computes(count: int, server: RedisServer, tmp_path: Path) -> None:
    with callers(server.url, tmp_path) as asking:
        asking.start(count, takes_s=0.3)
        values = [value for value, _ in asking.take(count)]
        assert len(asking.computing) == 1
        assert values == asking.computing * count


def test_who_computes_is_killed_and_one_more_does(server: RedisServer, tmp_path: Path) -> None:
    lease_s = 2
    with callers(server.url, tmp_path) as asking:
        asking.start(1, takes_s=600, lease_s=lease_s)
        wait_until(lambda: asking.computing, "one computes")
        asking.start(9, takes_s=0.1, lease_s=lease_s)
        wait_until(lambda: waiting(server) == 9, "the others wait")
        os.kill(asking.computing[0], signal.SIGKILL)
        answers = asking.take(9)
        first, second = asking.computing
        assert first != second
        assert [value for value, _ in answers] == [second] * 9
        assert max(took for _, took in answers) < lease_s + 2


@pytest.mark.slow
def test_a_long_computation_keeps_its_lease(server: RedisServer, tmp_path: Path) -> None:
    with callers(server.url, tmp_path) as asking:
        asking.start(5, takes_s=2.5, lease_s=1)
        assert [value for value, _ in asking.take(5)] == asking.computing * 5


def waiting(server: RedisServer) -> int:
    with server.client() as client:
        return sum(one["cmd"] == "blpop" for one in client.client_list())
