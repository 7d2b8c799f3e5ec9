"""What no client of ours sends is refused in words, costs little, and changes nothing."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.services import until
from tests.web.served import Web, serving
from thoughtstream.config import Settings
from thoughtstream.faces.web.guard import COOKIE
from thoughtstream.faces.web.place import tokens_of
from thoughtstream.faces.web.watching import connections

THOUGHTS, MEMORY = "/v1/minds/ana/thoughts", "/v1/minds/ana/memories/1-1"
SURROGATE = b"\\ud800"


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving(settings) as web:
        yield web


def _counted(web: Web) -> int:
    windows: dict[str, int] = web.ask("GET", "/v1/minds/ana/windows").json
    return sum(windows.values())


@pytest.mark.parametrize("raw", [b"null", b"7", b'"thoughts"', b"[]", b"", b"true"])
def test_what_is_no_object_is_no_thought(web: Web, raw: bytes) -> None:
    refused = web.ask("POST", THOUGHTS, raw=raw, headers={"Content-Type": "application/json"})
    assert (refused.status, refused.json["type"]) == (422, "/problems/invalid")
    assert _counted(web) == 0


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
@pytest.mark.parametrize("path", [THOUGHTS, "/v1/session", "/v1/queues/q/rounds"])
def test_what_is_said_to_be_no_json_is_not_read(web: Web, path: str, kind: str) -> None:
    refused = web.ask("POST", path, raw=b'{"content": "x"}', headers={"Content-Type": kind})
    assert (refused.status, refused.json["type"]) == (415, "/problems/no-json")
    assert "Content-Type: application/json" in refused.json["detail"]
    assert web.ask("GET", "/v1/minds/ana/would-forget").status == 422


@pytest.mark.parametrize("path", [THOUGHTS, "/v1/minds/ana/memories"])
def test_an_idempotency_key_in_the_body_is_told_where_it_goes(web: Web, path: str) -> None:
    for headers in ({}, {"Idempotency-Key": "k"}):
        body = {"content": "x", "idempotency_key": "k"}
        refused = web.ask("POST", path, body, headers=headers)
        assert refused.status == 422
        assert "idempotency_key: goes into the header" in refused.json["detail"]


def test_who_corrects_a_memory_is_whose_token_it_is(web: Web) -> None:
    refused = web.ask("PATCH", MEMORY, {"content": "x", "by": "somebody else"})
    assert refused.status == 422
    assert "by: is the name of your token" in refused.json["detail"]


def test_of_several_thoughts_with_a_key_none_is_written_if_one_is_wrong(web: Web) -> None:
    for wrong in ({"content": "x", "score": "1"}, {"content": "x" * 70_000}):
        body = {"thoughts": [{"content": "fine"}, wrong]}
        refused = web.ask("POST", THOUGHTS, body, headers={"Idempotency-Key": "k"})
        assert refused.status == 422
    assert _counted(web) == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/queues/q/tasks", b'{"payload": "%s"}'),
        ("POST", "/v1/queues/q/tasks", b'{"payload": "p", "key": "%s"}'),
        ("POST", "/v1/queues/q/rounds",
         b'{"worker": "w", "reports": [{"id": "%s", "token": "t", "verb": "done"}]}'),
        ("POST", "/v1/queues/q/tasks/1/answer", b'{"text": "%s"}'),
        ("POST", "/v1/queues/q/replay", b'{"id": "%s"}'),
        ("PUT", "/v1/agents/bob", b'{"skills": ["%s"]}'),
        ("POST", "/v1/agents/bob/messages", b'{"from": "%s", "text": "x"}'),
        ("POST", "/v1/agents/bob/messages", b'{"from": "x", "text": "%s"}'),
        ("POST", "/v1/agents/bob/inbox/read", b'{"id": "%s", "token": "t"}'),
        ("PUT", "/v1/agents/bob/subscriptions", b'{"domains": ["%s"]}'),
        ("PUT", "/v1/reservations/r", b'{"by": "%s"}'),
        ("POST", "/v1/packets", b'{"seed": "s", "domain": "d", "content": "%s"}'),
        ("POST", "/v1/packets",
         b'{"seed": "s", "domain": "d", "content": "c", "targets": ["%s"]}'),
        ("POST", "/v1/minds/ana/thoughts/1-1@sensory/interventions",
         b'{"action": "reframe", "content": "%s"}'),
        ("POST", "/v1/session", b'{"token": "%s"}'),
    ],
)  # fmt: skip
def test_half_a_character_is_no_text_anywhere(
    web: Web, method: str, path: str, body: bytes
) -> None:
    for half in (SURROGATE, b"\\udc80"):
        raw = body.replace(b"%s", half)
        refused = web.ask(method, path, raw=raw, headers={"Content-Type": "application/json"})
        assert refused.status in (401, 422)


@pytest.mark.parametrize("shelf", ["cache", "scratch"])
@pytest.mark.parametrize("depth", [300, 900, 100_000])
def test_what_cannot_be_answered_is_not_kept(web: Web, shelf: str, depth: int) -> None:
    raw = b'{"value": ' + b"[" * depth + b"]" * depth + b"}"
    put = web.ask("PUT", f"/v1/{shelf}/deep", raw=raw, headers={"Content-Type": "application/json"})
    assert put.status in (200, 400, 422)
    assert web.ask("GET", f"/v1/{shelf}/deep").status == (200 if put.status == 200 else 404)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e2", "٣", "000000050" + "0" * 5000])
def test_a_limit_of_an_event_stream_is_a_small_number(web: Web, limit: str) -> None:
    assert web.ask("GET", f"/v1/events?view=minds&limit={_quoted(limit)}").status == 422


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.timeout(60)
def test_long_names_cost_little(web: Web) -> None:
    long = "w" * 60_000
    assert web.ask("GET", f"/problems/{long}", token="").status == 404
    assert web.ask("POST", "/v1/queues/q/rounds", {"worker": long * 16}).status == 422


def _endless(web: Web, method: str, path: str, token: str) -> int:
    """The status for a body that does not end before it has 64 MB."""
    connection = http.client.HTTPConnection("localhost", web.port, timeout=30)
    connection.putrequest(method, path)
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    part = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    try:
        for _ in range(64):
            connection.send(part)
        connection.send(b"0\r\n\r\n")
    except OSError:
        pass
    try:
        return connection.getresponse().status
    except OSError:
        return 413  # closed before we could read it
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v1/cache/import"),
        ("PUT", "/v1/agents/import"),
        ("PATCH", "/v1/minds/ana/memories/import"),
        ("POST", "/v1/agents/a/import"),
        ("POST", "/mcp"),
    ],
)
def test_only_an_import_has_no_limit(web: Web, method: str, path: str) -> None:
    _, secret = tokens_of(web.settings).add("reader", ("read",))
    assert _endless(web, method, path, secret) in (403, 404, 405, 413)


async def test_a_reader_that_sends_a_long_body_is_let_go(web: Web) -> None:
    connection = http.client.HTTPConnection("localhost", web.port, timeout=30)
    connection.putrequest("GET", "/v1/events?mind=ana")
    connection.putheader("Authorization", f"Bearer {web.token}")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 200

    async def watchers() -> bool:
        text = (await web.get("/metrics")).raw.decode()
        return "\nthoughtstream_watchers 0.0" in text

    part = b"80000\r\n" + b"x" * (1 << 19) + b"\r\n"
    try:
        for _ in range(8):
            connection.send(part)
    except OSError:
        pass
    connection.close()
    await until(watchers)


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "])
@pytest.mark.parametrize("part", [b"x" * 8192, b"x\r\nX: " * 1024])
def test_a_head_without_an_end_is_given_up(web: Web, start: bytes, part: bytes) -> None:
    sent, answer = 0, b""
    with socket.create_connection(("localhost", web.port), timeout=30) as connection:
        try:
            connection.sendall(start)
            while sent < 64 << 20:
                connection.sendall(part)
                sent += len(part)
        except OSError:
            pass
        with suppress(OSError):
            answer = connection.recv(1000)
    assert sent < 16 << 20  # what the system itself buffers
    assert answer[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b"")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_who_does_not_finish_a_head_is_let_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.2)
    with serving(settings) as web:
        with socket.create_connection(("localhost", web.port), timeout=20) as connection:
            connection.sendall(sent)
            assert connection.recv(1000) == b""
        assert web.ask("GET", "/healthz").status == 200


def test_who_does_not_go_on_with_a_body_is_let_go(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_S", 0.2)
    with serving(settings) as web:
        head = (
            f"POST {THOUGHTS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {web.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        with socket.create_connection(("localhost", web.port), timeout=20) as connection:
            connection.sendall(f'{head}{{"content": '.encode())
            assert connection.recv(1000) == b""
        assert web.ask("POST", THOUGHTS, {"content": "x"}).status == 201


@pytest.mark.parametrize("origin", ["http://[", "null", "://", "http://localhost@evil.example"])
def test_an_origin_that_is_none_is_not_ours(web: Web, origin: str) -> None:
    headers = {"Cookie": f"{COOKIE}={web.token}", "X-Thoughtstream": "1", "Origin": origin}
    assert web.ask("POST", THOUGHTS, {"content": "x"}, token="", headers=headers).status == 403


def test_where_tokens_cannot_be_read_nobody_gets_in_and_is_told_why(web: Web) -> None:
    path = tokens_of(web.settings)._path
    before = path.read_text()
    path.write_text("[{")
    for refused in (
        web.ask("GET", "/v1/minds"),
        web.ask("POST", "/v1/session", {"token": web.token}, token=""),
    ):
        assert (refused.status, refused.json["type"]) == (503, "/problems/tokens-unreadable")
        assert "mend it" in refused.json["detail"]
    assert web.ask("GET", "/healthz", token="").status == 200
    path.write_text(before)
    assert web.ask("GET", "/v1/minds").status == 200
