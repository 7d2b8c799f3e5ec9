"""A mind that somebody spoilt, and one whose name is no text, in a home with its own Redis."""

import asyncio
import json
import os
import subprocess
from typing import Any

import pytest

from tests.cli.conftest import PROGRAM, Terminal
from tests.servers import wait_until
from thoughtstream import keys
from thoughtstream.home.home import url_of
from thoughtstream.store.connection import connect


def write(terminal: Terminal, *command: str | bytes) -> Any:
    """A command of Redis, as somebody would give it to redis-cli."""

    async def given() -> Any:
        async with connect(terminal.settings.redis, url_of(terminal.home)) as redis:
            return await redis.execute_command(*command)

    return asyncio.run(given())


def test_a_name_that_is_no_utf8_is_refused(living: Terminal) -> None:
    found = write(living, "KEYS", "thought:*")
    for option in ("--mind", "--window"):
        command = [*map(os.fsencode, (*PROGRAM, "think", "hi", "--json", option)), b"\xff"]
        done = subprocess.run(
            command, env=living.environment(), capture_output=True, check=False, timeout=90
        )
        assert done.returncode == 1, done
        assert "is not UTF-8" in json.loads(done.stdout.decode())["error"]
    assert write(living, "KEYS", "thought:*") == found


@pytest.mark.slow
def test_a_spoilt_mind_is_named_and_the_others_are_served(living: Terminal) -> None:
    spoilt = keys.CONTEST.key(mind="eve")
    pids = [living.pid_of(name) for name in ("service", "redis")]
    write(living, "SET", spoilt, b"\xff")
    for key in (b"thought:{\xff}:window:sensory", b"thought:{eve}:window:\xff\xfe"):
        write(living, "XADD", key, "*", "content", b"\xff")
    write(living, "XADD", keys.EPISODIC.key(mind="eve"), "18446744073709551615-1", "id", "")
    living.json("think", "it goes on later", "--mind", "eve")
    living.json("think", "the kettle whistles", "--mind", "ana")

    def is_named() -> bool:
        return bool(living.json("status")["troubles"]["count"])

    wait_until(is_named, "the mind is named")
    wait_until(
        lambda: bool(living.json("recall", "kettle", "--mind", "ana")["memories"]), "the other"
    )
    assert "● trouble  eve: attention" in living.run("status").stdout
    findings = {one["check"]: one for one in living.json("doctor", code=1)["findings"]}
    assert findings["minds in trouble"]["state"] == "bad"
    assert "eve: attention: WRONGTYPE" in findings["minds in trouble"]["found"]
    assert "RENAME" in findings["minds in trouble"]["cure"]
    assert "2 set aside, since its name is no UTF-8" in findings["key hygiene"]["found"]
    assert "thought:{eve}:contest" in findings["key hygiene"]["found"]
    write(living, "DEL", spoilt)
    wait_until(lambda: not is_named(), "it goes on")
    assert pids == [living.pid_of(name) for name in ("service", "redis")]
