"""The web process answers where the inventory says, to whoever has a token, and to nobody else."""

import json
import uuid
from collections.abc import Iterator
from shlex import join
from typing import Any

import pytest

from deploy.layout import WEB_UNIT
from deploy.runtimes.docker import Docker
from deploy.runtimes.web import HostWeb
from tests.servers import wait_until

from .deployed_host import ServerHost

THOUGHT = {"content": "the verification looks at a green kettle", "salience": 0.9}
ONCE_ATTENDED_S = 60
"""As in `test_verify_mind`."""
_ASK = """
import http.client, json, ssl, sys
host, port, tls, method, path, body = sys.argv[1:]
web = http.client.HTTPConnection(host, port, timeout=30)
if tls:
    unverified = ssl._create_unverified_context()
    web = http.client.HTTPSConnection(host, port, timeout=30, context=unverified)
headers = {"Content-Type": "application/json"}
if url := json.loads(sys.stdin.read() or "{}").get("url"):
    headers["Authorization"] = "Bearer " + url.partition("#token=")[2]
web.request(method, path, body or None, headers)
answer = web.getresponse()
print(json.dumps([answer.status, answer.read().decode()]))
"""
"""What asks on the host, so that no token leaves it."""


class Web:
    """The web process of a host, as somebody there asks it."""

    def __init__(self, server: ServerHost, own: HostWeb) -> None:
        self._server = server
        self.own = own

    def ask(
        self, method: str, path: str, body: Any = None, *, token: bool = True
    ) -> tuple[int, str]:
        """Status and text of an answer, with or without its owner's token."""
        host, port, tls = self.own.place
        given = [host, str(port), "tls" if tls else "", method, path]
        ask = join([*self._python, "-c", _ASK, *given, json.dumps(body) if body else ""])
        opened = join([self._server.runtime.command, "open", "--print", "--json"])
        status, text = json.loads(self._server.sh(f"{opened if token else 'true'} | {ask}"))
        return status, text

    @property
    def _python(self) -> list[str]:
        if isinstance(self._server.deployed, Docker):
            return ["docker", "exec", "-i", WEB_UNIT, "python"]
        return [f"{self._server.deployed.layout.current}/bin/python"]


@pytest.fixture(scope="session")
def web(server: ServerHost) -> Web:
    """It, where the inventory wants one; see `pytest_collection_modifyitems`."""
    assert server.deployed.web is not None
    return Web(server, server.deployed.web)


@pytest.fixture(scope="session")
def mind(web: Web) -> Iterator[str]:
    """A mind of our own with one thought, deleted afterwards."""
    name = f"verification-{uuid.uuid4().hex[:8]}"
    status, text = web.ask("POST", f"/v1/minds/{name}/thoughts", THOUGHT)
    assert status == 201, text
    yield name
    status, text = web.ask("DELETE", f"/v1/minds/{name}?confirm={name}")
    assert status == 200, text


def test_it_listens_only_where_it_was_told(web: Web, server: ServerHost) -> None:
    own = web.own.settings
    if server.machine.system == "Linux":
        sockets = server.sh(f"ss -Hltn 'sport = :{own.port}'").splitlines()
        assert {line.split()[3] for line in sockets} == {f"{own.bind}:{own.port}"}


def test_it_lives_and_is_ready(web: Web) -> None:
    assert web.ask("GET", "/healthz", token=False)[0] == 200
    assert web.ask("GET", "/readyz", token=False)[0] == 200


def test_without_a_token_it_tells_nothing(web: Web) -> None:
    for path in ("/v1/minds", "/v1/events", "/metrics", "/mcp"):
        assert web.ask("GET", path, token=False)[0] == 401, path


@pytest.mark.first
def test_a_thought_is_taken_over_http(web: Web, mind: str) -> None:
    status, text = web.ask("GET", f"/v1/minds/{mind}/audit")

    assert status == 200
    assert json.loads(text)["balanced"]


@pytest.mark.last
def test_a_thought_posted_over_http_is_attended_and_recalled(web: Web, mind: str) -> None:
    def remembered() -> bool:
        _, text = web.ask("GET", f"/v1/minds/{mind}/memories?q=kettle")
        return [one["content"] for one in json.loads(text)["items"]] == [THOUGHT["content"]]

    wait_until(remembered, "the thought is recalled", most_s=ONCE_ATTENDED_S, step_s=0.5)


def test_metrics_are_told_to_a_token_of_theirs(web: Web) -> None:
    status, text = web.ask("GET", "/metrics")

    assert status == 200
    assert "\nthoughtstream_up 1.0" in text


def test_it_can_read_no_password_but_its_own(web: Web, server: ServerHost) -> None:
    deployed = server.deployed
    others = {path for role, path in deployed.secrets.files.items() if role != "web"}
    if isinstance(deployed, Docker):
        mounts = server.sh(f"docker container inspect --format '{{{{json .Mounts}}}}' {WEB_UNIT}")
        sources = {mount["Source"] for mount in json.loads(mounts) if mount["Type"] == "bind"}
        assert sources == {deployed.layout.web_etc}
        return
    user = deployed.layout.owner.web
    become = "sudo -u" if server.machine.system == "Darwin" else "runuser -u"
    readable = f"{become} {user} -- cat"
    assert server.succeeds(f"{readable} {deployed.layout.secret('web')}")
    if user != deployed.layout.owner.service:  # on a Mac all runs as the user who owns Homebrew
        assert [path for path in others if server.succeeds(f"{readable} {path}")] == []
