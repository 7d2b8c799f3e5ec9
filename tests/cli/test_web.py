"""The web process: `up` has one beside the service, `open` and `status` know where, tokens are for
others.
"""

import os
import resource
import signal
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import Terminal
from tests.servers import wait_until
from thoughtstream.home.process_lock import ProcessLock

pytestmark = pytest.mark.slow

WITH_WEB = {"THOUGHTSTREAM_WEB__ENABLED": "true"}


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path / "home", WITH_WEB)
    yield terminal
    terminal.clean_up()
    wait_until(lambda: web_of(terminal) is None, "its web process ended with it")


def web_of(terminal: Terminal) -> psutil.Process | None:
    return ProcessLock(terminal.home, "web").process()


def asked(url: str, token: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return int(answer.status)


def test_up_says_where_the_page_is_and_down_ends_it(terminal: Terminal) -> None:
    opening = terminal.up()["web"]["url"]
    url, token = opening.split("/#token=")
    assert asked(f"{url}/v1/minds", token) == 200
    assert asked(f"{url}/readyz", "") == 200
    assert terminal.json("status")["web"]["url"] == opening
    assert terminal.json("open") == {"url": opening, "opened": False}
    assert token not in (terminal.home / "service.log").read_text()
    assert (terminal.home / "token").stat().st_mode & 0o077 == 0
    process = web_of(terminal)
    terminal.json("down")
    assert process is not None
    assert not process.is_running()
    assert terminal.call("open").returncode == 1


def test_it_may_have_as_many_connections_as_the_system_allows(terminal: Terminal) -> None:
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
    try:
        terminal.up()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, most))
    wait_until(lambda: web_of(terminal) is not None, "its web process listens")
    process = web_of(terminal)
    assert process is not None
    assert process.rlimit(psutil.RLIMIT_NOFILE)[0] == min(most, 65_535)


def test_it_comes_back_and_never_outlives_up(terminal: Terminal) -> None:
    first = terminal.up()["web"]["url"]
    terminal.kill("web")
    wait_until(lambda: web_of(terminal) is not None, "there is another", most_s=30)
    wait_until(lambda: bool(terminal.json("status")["web"]), "it listens", most_s=30)
    assert terminal.json("status")["web"]["url"] == first
    process = web_of(terminal)
    assert process is not None
    os.kill(terminal.pid_of("service"), signal.SIGKILL)
    wait_until(lambda: not process.is_running(), "it ended with its parent", most_s=30)


@contextmanager
def supervised(terminal: Terminal, tmp_path: Path) -> Iterator[socket.socket]:
    """Gives what a supervisor of the terminal's programs is told by."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(60)
        terminal.env["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        yield told


def test_alone_it_tells_systemd_and_stops_on_sigterm(terminal: Terminal, tmp_path: Path) -> None:
    with supervised(terminal, tmp_path) as told:
        web = terminal.start("web")
        assert told.recv(100) == b"READY=1"
        assert asked(terminal.json("open", "--print")["url"].split("/#")[0] + "/healthz", "") == 200
        web.send_signal(signal.SIGTERM)
        assert told.recv(100) == b"STOPPING=1"
        web.communicate(timeout=60)
    assert web.returncode == 0


def test_up_is_not_ready_when_its_web_process_is(terminal: Terminal, tmp_path: Path) -> None:
    with supervised(terminal, tmp_path) as told:
        service = terminal.start("up")
        assert told.recv(100) == b"READY=1"
        wait_until(lambda: bool(terminal.json("status")["web"]), "it listens", most_s=30)
        service.send_signal(signal.SIGTERM)
        assert told.recv(100) == b"STOPPING=1"  # and not that the web process is ready
        service.communicate(timeout=60)


def test_two_homes_have_two_addresses(terminal: Terminal) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", 8700))
            other.listen()
        except OSError:
            pass  # somebody else has it, which is as good
        url, token = terminal.up()["web"]["url"].split("/#token=")
        assert not url.endswith(":8700")
        assert asked(f"{url}/v1/minds", token) == 200
        terminal.env = WITH_WEB | {"THOUGHTSTREAM_WEB__PORT": "8700"}
        refused = Terminal(terminal.home / "second", terminal.env).run("web")
    assert refused.returncode == 1
    assert "can't listen on 127.0.0.1:8700" in refused.stderr


def test_what_would_be_open_to_all_is_refused(terminal: Terminal) -> None:
    terminal.env = WITH_WEB | {"THOUGHTSTREAM_WEB__HOST": "0.0.0.0"}
    refused = terminal.run("web")
    assert refused.returncode != 0
    assert "web: host: 0.0.0.0 is not loopback; give tls_cert and tls_key" in refused.stderr


def test_it_lives_without_redis_and_says_so(terminal: Terminal) -> None:
    terminal.env = WITH_WEB | {"REDIS_URL": "redis://127.0.0.1:1", "THOUGHTSTREAM_WEB__PORT": "0"}
    process = terminal.start("web")
    try:
        wait_until(
            lambda: terminal.call("open", "--print").returncode == 0, "it listens", most_s=30
        )
        url = terminal.json("open")["url"].split("/#")[0]
        with pytest.raises(urllib.error.HTTPError) as down:
            asked(f"{url}/readyz", "")
        assert down.value.code == 503
        assert b"Redis does not answer" in down.value.read()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_tokens_are_made_listed_and_removed(terminal: Terminal) -> None:
    made = terminal.json(
        "token", "add", "agent", "--scope", "read", "--mind", "ana*", "--days", "9"
    )
    [listed] = terminal.json("token", "list")["items"]
    assert (listed["name"], listed["scopes"], listed["minds"]) == ("agent", ["read"], ["ana*"])
    assert listed["expires_at"] == made["expires_at"]
    assert made["secret"] not in (terminal.home / "tokens.json").read_text()
    assert terminal.json("token", "remove", "agent")["removed"] == [listed]
    assert terminal.call("token", "remove", "agent").returncode == 1
    wrong = terminal.call("token", "add", "agent", "--scope", "all")
    assert wrong.returncode == 2
    assert "give one of read, think, intervene, operate, work, metrics" in wrong.stderr
