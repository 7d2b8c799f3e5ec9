"""feed ends at a signal, and says exactly what was accepted."""

import json
import os
import signal
from pathlib import Path

import pytest
from redis import Redis

from tests.cli.conftest import Terminal
from tests.servers import wait_until
from thoughtstream import keys

pytestmark = pytest.mark.slow


def accepted(living: Terminal, mind: str) -> int:
    """How many thoughts Redis has ever taken into the window of a mind."""
    key = keys.WINDOW.key(mind=mind, window="sensory")
    with Redis(unix_socket_path=str(living.home / "redis.sock")) as redis:
        return int(redis.xinfo_stream(key)["entries-added"]) if redis.exists(key) else 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pace", ["--flood", "--rate=5000"])
def test_in_the_middle_of_a_flood(
    living: Terminal, tmp_path: Path, how: signal.Signals, pace: str
) -> None:
    mind = f"{how.name} {pace}"
    (tmp_path / "big.txt").write_text("x\n" * 3_000_000)
    feeding = living.start("feed", str(tmp_path / "big.txt"), pace, "--mind", mind, "--json")
    wait_until(lambda: accepted(living, mind) > 3000, "some are fed")
    feeding.send_signal(how)
    out, errors = feeding.communicate(timeout=60)
    assert (feeding.returncode, errors) == (128 + how, "")
    count = accepted(living, mind)
    assert json.loads(out) == {"error": f"interrupted (thoughts fed: {count:,})"}


def test_while_it_waits_for_a_line(living: Terminal, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    feeding = living.start("feed", str(tmp_path / "pipe"), "--mind", "waiting")
    with (tmp_path / "pipe").open("w") as pipe:
        pipe.write("one\ntwo\nthr")
        pipe.flush()
        wait_until(lambda: accepted(living, "waiting") == 2, "both are fed")
        feeding.send_signal(signal.SIGINT)
        _, errors = feeding.communicate(timeout=60)
    assert (feeding.returncode, "thoughts fed: 2" in errors) == (130, True), errors
