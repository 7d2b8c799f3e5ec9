"""Ctrl-C, closing, forking, other event loops: it works, or says what is wrong; nothing hangs."""

import asyncio
import os
import signal
import subprocess
import sys
import threading

import pytest

from tests.servers import RedisServer, wait_until
from thoughtstream import NotConnected, WouldBlock, keys
from thoughtstream.config import Settings
from thoughtstream.sync import Colony, Mind

pytestmark = pytest.mark.slow


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "thoughtstream"]


def test_nothing_is_left_after_the_end(settings: Settings) -> None:
    with Mind.connect(settings=settings), Colony.connect(settings=settings) as colony:
        assert len(threads()) == 2
    assert threads() == []
    with pytest.raises(NotConnected, match="is closed; connect again"):
        colony.agents()


def test_within_a_running_loop_it_works(settings: Settings) -> None:
    async def inside() -> str:
        with Mind.connect(settings=settings) as mind:
            return mind.think("x")

    assert asyncio.run(inside()).endswith("@sensory")


def test_within_its_own_loop_it_says_so(colony: Colony) -> None:
    async def compute() -> object:
        return colony.agents()

    with pytest.raises(WouldBlock, match="a blocking call inside the event loop"):
        colony.cache.get_or_compute("k", compute)
    assert colony.cache.get_or_compute("k", lambda: len(colony.agents())) == 0


def test_who_waits_while_another_thread_closes_is_told(settings: Settings) -> None:
    opened = Colony.connect(settings=settings)
    colony = opened.__enter__()
    said = []

    def wait() -> None:
        try:
            colony.inbox("ana", wait_s=60)
        except NotConnected as error:
            said.append(str(error))

    colony.register("ana")
    waiting = threading.Thread(target=wait)
    waiting.start()
    listens = colony.queue("agent_status:ana")
    wait_until(lambda: listens.audit().idle_workers, "it waits")
    opened.__exit__(None, None, None)
    waiting.join(20)
    assert said == ["was closed meanwhile, by another thread"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_has_to_connect_again(colony: Colony, settings: Settings) -> None:
    with colony.reserve("x", by="ana"):
        child = os.fork()
        if not child:
            os._exit(_in_the_child(colony, settings))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 42
        assert len(colony.reservations()) == 1


def _in_the_child(colony: Colony, settings: Settings) -> int:
    """42 if all is as it should be; a reservation that is left in the child stays the parent's."""
    signal.alarm(30)
    try:
        colony.agents()
    except NotConnected as error:
        if "before a fork; connect again in this one" not in str(error):
            return 1
    with Colony.connect(settings=settings) as own:
        return 42 if len(own.reservations()) == 1 else 2


SCRIPT = """
import signal
import sys
from thoughtstream.config import Settings
from thoughtstream.sync import Colony
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored
with Colony.connect(settings=Settings.model_validate_json(sys.argv[1])) as colony:
    with colony.reserve("held", by="me"):
        try:
            {what}
        except KeyboardInterrupt:
            print("interrupted", len(colony.reservations()), flush=True)
            raise
"""
FOREVER = {
    "an inbox": 'colony.register("ana"); colony.inbox("ana", wait_s=600)',
    "a name": 'colony.reserve("taken", by="me").__enter__()',
    "an end": 'colony.register("ana"); colony.send("bo", "ana", "x").result()',
    "work": (
        "import threading, thoughtstream; queue = thoughtstream.TaskQueue('q'); "
        "queue.fallback(len); colony.work(queue, threading.Event())"
    ),
}


@pytest.mark.parametrize("what", FOREVER)
def test_ctrl_c_ends_what_is_waited_for(
    what: str, colony: Colony, settings: Settings, server: RedisServer
) -> None:
    colony.hold("taken", by="another", for_s=600)
    script = SCRIPT.format(what=FOREVER[what])
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore::UserWarning", "-c", script, settings.model_dump_json()],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        wait_until(lambda: len(colony.reservations()) == 2, "it has its name")
        wait_until(lambda: _waits(what, colony, server), "it waits")
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert out.split() == ["interrupted", "2"], errors
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert [one.name for one in colony.reservations()] == ["taken"], "its own is free at once"


def _waits(what: str, colony: Colony, server: RedisServer) -> bool:
    if what == "a name":
        with server.client() as client:
            return bool(client.zcard(keys.RESERVATION[2].key(reservation="taken")))
    if what == "an end":
        return colony.queue("agent_status:ana").audit().waiting == 1
    name = "q" if what == "work" else "agent_status:ana"
    return colony.queue(name).audit().idle_workers == 1


def test_who_never_closes_can_end(settings: Settings) -> None:
    script = """
import sys
from thoughtstream.config import Settings
from thoughtstream.sync import Mind
opened = Mind.connect(settings=Settings.model_validate_json(sys.argv[1]))
print(opened.__enter__().think("x"))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::UserWarning", "-c", script, settings.model_dump_json()],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.endswith("@sensory\n") and not done.stderr
