"""up, down, status: the service and its Redis start, stop, come back, and lose nothing."""

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, wait_until
from thoughtstream.home.process_lock import ProcessLock

pytestmark = pytest.mark.slow


def contents(terminal: Terminal, query: str) -> set[str]:
    found = terminal.json("recall", query, "--limit", "100")
    return {memory["content"] for memory in found["memories"]}


def test_up_detached_think_remember_down_up_remember(terminal: Terminal) -> None:
    """The whole life of a home, in the order a person lives it."""
    assert terminal.json("status", code=1)["service"]["alive"] is False

    up = terminal.up()
    assert up["already"] is False
    assert up["redis"]["url"] == f"unix://{terminal.home}/redis.sock"
    again = terminal.up()
    assert again["already"] is True
    assert again["service"]["pid"] == up["service"]["pid"] == terminal.pid_of("service")

    status = terminal.json("status")
    assert status["redis"]["url"] == up["redis"]["url"]
    assert status["service"]["alive"] is True

    terminal.json("think", "the kettle is on")
    wait_until(lambda: contents(terminal, "kettle"), "the thought is remembered")
    (mind,) = terminal.json("status")["minds"]
    assert (mind["mind"], mind["memories"]["episodic"]) == ("default", 1)

    assert terminal.json("down") == {"service": True, "redis": True}
    assert terminal.json("down") == {"service": False, "redis": False}
    assert terminal.json("status", code=1)["service"]["alive"] is False

    terminal.up()
    assert contents(terminal, "kettle") == {"the kettle is on"}
    assert terminal.json("audit")["balanced"] is True


@pytest.mark.parametrize("victim", ["service", "redis"])
def test_kill_minus_nine_of_either_loses_nothing(terminal: Terminal, victim: str) -> None:
    terminal.up()
    said = [f"thought number {number}" for number in range(60)]
    assert terminal.feed("--flood", stdin="\n".join(said))["fed"] == len(said)

    terminal.kill(victim)
    if victim == "service":
        assert terminal.up()["already"] is False
    wait_until(
        lambda: terminal.call("status").returncode == 0,
        "the service is well again",
    )

    def settled() -> bool:
        audit = terminal.json("audit")
        return bool(audit["adopted"] == len(said) and not audit["competing"] + audit["intervening"])

    wait_until(settled, "every thought has ended")
    audit = terminal.json("audit")
    assert audit["balanced"] is True
    assert audit["anchored"] + audit["expired"] == len(said)
    assert len(contents(terminal, "thought number")) == audit["anchored"]


def test_up_in_the_foreground_tells_systemd_and_stops_on_sigterm(
    terminal: Terminal, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(60)
        terminal.env["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        service = terminal.start("up", "--json")
        assert told.recv(100) == b"READY=1"
        assert terminal.json("status")["service"]["pid"] == service.pid

        second = terminal.run("up")
        assert second.returncode == 1
        assert f"is already running (process {service.pid})" in second.stderr

        service.send_signal(signal.SIGTERM)
        assert told.recv(100) == b"STOPPING=1"
        out, errors = service.communicate(timeout=60)
    assert service.returncode == 0, errors
    assert json.loads(out)["redis"]["url"] == f"unix://{terminal.home}/redis.sock"
    assert ProcessLock(terminal.home, "redis").process() is None, "its Redis ended with it"


def test_a_dead_redis_is_started_again_by_the_service(terminal: Terminal) -> None:
    terminal.up()
    first = terminal.pid_of("redis")
    terminal.kill("redis")
    wait_until(lambda: ProcessLock(terminal.home, "redis").process(), "Redis is back")
    assert terminal.pid_of("redis") != first
    wait_until(lambda: terminal.call("status").returncode == 0, "and served")


def test_two_starters_at_once_get_one_service(terminal: Terminal) -> None:
    starters = [terminal.start("up", "--detach", "--json") for _ in range(3)]
    answers = []
    for starter in starters:
        out, errors = starter.communicate(timeout=90)
        assert starter.returncode == 0, errors + out
        answers.append(json.loads(out))
    assert sum(not answer["already"] for answer in answers) == 1
    assert terminal.json("status")["service"]["count"] == 1


@pytest.mark.parametrize(
    ("option", "field"),
    [
        ("streams.forget_threshold=much", "streams.forget_threshold"),
        ("streams.nonsense=1", "streams.nonsense"),
        ("embedded.maxmemory=lots", "embedded.maxmemory"),
    ],
)
def test_a_wrong_setting_is_refused_with_78(terminal: Terminal, option: str, field: str) -> None:
    for detach in ([], ["--detach"]):
        error = terminal.json("up", *detach, "--set", option, code=78)["error"]
        assert error.startswith(f"{field}: ")
    assert not terminal.home.exists(), "and nothing was changed"


def test_a_wrong_file_or_environment_is_refused_too(terminal: Terminal) -> None:
    terminal.home.mkdir()
    (terminal.home / "thoughtstream.toml").write_text("[streams]\nbatch = 0\n")
    assert "streams.batch" in terminal.json("up", code=78)["error"]
    (terminal.home / "thoughtstream.toml").unlink()
    terminal.env["THOUGHTSTREAM_STREAMS__FORGET_THRESHOLD"] = "-1"
    assert "streams.forget_threshold" in terminal.json("up", code=78)["error"]


def test_what_is_set_on_the_command_line_rules(terminal: Terminal) -> None:
    terminal.up("--set", "embedded.maxmemory=300mb")
    assert terminal.json("status")["redis"]["maxmemory_bytes"] == 300 * 1024**2


def test_a_start_that_fails_says_why(terminal: Terminal) -> None:
    terminal.env["PATH"] = os.environ["PATH"]
    terminal.env["THOUGHTSTREAM_EMBEDDED__SERVER"] = "/bin/false"
    for words in (["up"], ["up", "--detach"]):
        failed = terminal.run(*words)
        assert failed.returncode == 1
        assert "embedded.server: /bin/false is not a redis-server" in failed.stderr
        assert "Traceback" not in failed.stderr
    assert terminal.json("down") == {"service": False, "redis": False}


def test_with_a_url_no_embedded_server_starts(terminal: Terminal, server: RedisServer) -> None:
    terminal.env["REDIS_URL"] = server.url
    up = terminal.up()
    assert (up["redis"]["url"], up["redis"]["embedded"]) == (server.url, False)
    assert not (terminal.home / "redis.conf").exists()
    assert terminal.json("down") == {"service": True, "redis": False}
    with server.client() as redis:
        assert redis.ping()


def test_a_password_is_never_shown(terminal: Terminal, server: RedisServer) -> None:
    terminal.env["REDIS_URL"] = "redis://ana:secret@localhost:1/0"
    down = terminal.call("status", "--json")
    assert "secret" not in down.stdout + down.stderr
    assert json.loads(down.stdout)["redis"]["url"] == "redis://ana:***@localhost:1/0"


def test_the_log_goes_to_stderr(terminal: Terminal) -> None:
    service = terminal.start("up")
    assert service.stderr is not None
    assert any("service.ready" in line for line in service.stderr)
    service.send_signal(signal.SIGINT)
    out, errors = service.communicate(timeout=60)
    assert (service.returncode, out) == (0, "")
    assert "service.stopped" in errors


def test_nothing_of_a_stopped_home_runs_on(terminal: Terminal) -> None:
    terminal.up()
    pids = [terminal.pid_of("service"), terminal.pid_of("redis")]
    terminal.json("down")
    ended = subprocess.run(["ps", "-o", "stat=", "-p", ",".join(map(str, pids))], text=True,
                           capture_output=True)  # fmt: skip
    assert all(state.startswith("Z") for state in ended.stdout.split())
