"""Who may come in."""

import http.client
from collections.abc import Iterator

import pytest

from tests.web.served import Web, serving
from thoughtstream import Colony, Mind
from thoughtstream.config import Settings
from thoughtstream.coordination.membership import Membership
from thoughtstream.faces.web.guard import COOKIE
from thoughtstream.faces.web.names import segment
from thoughtstream.faces.web.place import owners_secret, tokens_of
from thoughtstream.faces.web.tokens import SCOPES, Scope
from thoughtstream.home.home import Home, write_private


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving(settings) as web:
        yield web


def test_nobody_without_a_token(web: Web) -> None:
    for token in ("", "ts_x_y", "🧠".encode().decode("latin-1")):
        refused = web.ask("GET", "/v1/minds", token=token)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.json["type"] == "/problems/unauthorized"
    assert web.ask("GET", "/v1/minds").status == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "[", "127.0.0.2"])
def test_no_other_name_than_ours(web: Web, host: str) -> None:
    refused = web.ask("POST", "/v1/minds/ana/thoughts", headers={"Host": host})
    assert refused.status in (400, 421)  # what is no host at all, the parser refuses


def test_a_foreign_host_is_refused_before_its_body(web: Web) -> None:
    connection = http.client.HTTPConnection("localhost", web.port, timeout=10)
    connection.putrequest("POST", "/v1/minds/ana/thoughts", skip_host=True)
    connection.putheader("Host", "evil.example")
    connection.putheader("Content-Length", "1000000")
    connection.endheaders()
    assert connection.getresponse().status == 421
    connection.close()


def test_a_scope_that_is_missing_is_named(web: Web) -> None:
    _, secret = tokens_of(web.settings).add("reader", ("read",))
    refused = web.ask("POST", "/v1/minds/ana/thoughts", {"content": "x"}, token=secret)
    assert (refused.status, refused.json["scope"]) == (403, "think")
    assert web.ask("GET", "/v1/minds/ana", token=secret).status == 200


async def test_a_mind_that_is_not_the_tokens_is_as_one_that_is_not_there(web: Web) -> None:
    async with Mind.connect("bob", settings=web.settings) as mind:
        await mind.anchor("a secret")
    _, secret = tokens_of(web.settings).add("agent", ("read",), ("ana*",))
    there = await web.get("/v1/minds/bob", token=secret)
    nowhere = await web.get("/v1/minds/carol", token=secret)
    assert (there.status, nowhere.status) == (404, 404)
    assert (await web.get("/v1/minds", token=secret)).json["items"] == []


def test_minds_in_trouble_are_named_to_who_may_see_all(web: Web) -> None:
    _, secret = tokens_of(web.settings).add("agent", ("read",), ("ana*",))

    def checks(token: str | None) -> list[str]:
        found = web.ask("GET", "/v1/doctor", token=token).json["findings"]
        return [one["check"] for one in found]

    assert "minds in trouble" in checks(None)
    assert "minds in trouble" not in checks(secret)
    assert "version" in checks(secret)


def test_a_head_is_a_get_without_its_body(web: Web) -> None:
    asked, got = web.ask("HEAD", "/v1/minds"), web.ask("GET", "/v1/minds")
    assert (asked.status, asked.raw) == (200, b"")
    assert asked.headers["content-type"] == got.headers["content-type"]
    assert web.ask("HEAD", "/v1/minds", token="").status == 401


def test_what_a_path_allows_is_told_whole(web: Web) -> None:
    refused = web.ask("PUT", "/v1/minds/ana/memories/1-1@sensory")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, PATCH, DELETE")
    assert web.ask("PATCH", "/v1/queues/q/tasks").headers["allow"] == "POST"
    assert web.ask("POST", "/").headers["allow"] == "GET, HEAD"


def _by_cookie(web: Web, method: str = "POST", **headers: str) -> int:
    cookie = {"Cookie": f"{COOKIE}={web.token}"}
    body = {"content": "x"} if method == "POST" else None
    return web.ask(
        method, "/v1/minds/ana/thoughts" if body else "/v1/minds", body, token="",
        headers=cookie | {name.replace("_", "-"): value for name, value in headers.items()},
    ).status  # fmt: skip


def test_a_cookie_looks_and_changes_only_from_our_own_page(web: Web) -> None:
    assert _by_cookie(web, "GET") == 200
    assert _by_cookie(web) == 403
    assert _by_cookie(web, X_Thoughtstream="1") == 403
    assert _by_cookie(web, X_Thoughtstream="1", Sec_Fetch_Site="cross-site") == 403
    assert _by_cookie(web, X_Thoughtstream="1", Origin="http://evil.example") == 403
    assert _by_cookie(web, Sec_Fetch_Site="same-origin") == 403
    assert _by_cookie(web, X_Thoughtstream="1", Sec_Fetch_Site="same-origin") == 201
    assert _by_cookie(web, X_Thoughtstream="1", Origin=web.url) == 201


def test_the_session_keeps_a_token_that_no_script_reads(web: Web) -> None:
    made = web.ask("POST", "/v1/session", {"token": web.token}, token="")
    assert made.status == 200
    assert {"HttpOnly", "SameSite=strict"} <= set(made.headers["set-cookie"].split("; "))
    assert web.ask("POST", "/v1/session", {"token": "ts_no"}, token="").status == 401


def test_a_body_that_is_too_large_is_refused(web: Web) -> None:
    large = b'{"content": "' + b"x" * (1 << 20) + b'"}'
    told = web.ask("POST", "/v1/minds/ana/thoughts", raw=large)
    chunked = {"Transfer-Encoding": "chunked"}
    untold = web.ask("POST", "/v1/minds/ana/thoughts", raw=iter([large]), headers=chunked)
    for refused in (told, untold):
        assert (refused.status, refused.json["type"]) == (413, "/problems/too-large")


def test_whoever_needs_none_gets_in(web: Web) -> None:
    assert web.ask("GET", "/healthz", token="").status == 200
    assert web.ask("GET", "/openapi.json", token="").status == 200
    assert web.ask("GET", "/problems/unauthorized", token="").json["status"] == 401


SHARED = [
    ("GET", "/v1/agents", None),
    ("GET", "/v1/queues", None),
    ("GET", "/v1/reservations", None),
    ("GET", "/v1/cache/k", None),
    ("GET", "/v1/scratch/k", None),
    ("GET", "/v1/packets/p", None),
    ("PUT", "/v1/agents/bob", {}),
    ("POST", "/v1/agents/bob/inbox", {}),
    ("POST", "/v1/queues/q/rounds", {"worker": "w", "claim": 1}),
    ("PUT", "/v1/cache/k", {"value": 1}),
    ("PUT", "/v1/reservations/r", {"by": "bob"}),
]


@pytest.mark.parametrize(("method", "path", "body"), SHARED)
def test_what_agents_share_belongs_to_no_mind(
    web: Web, method: str, path: str, body: dict[str, object] | None
) -> None:
    tokens = tokens_of(web.settings)
    _, of_minds = tokens.add("of minds", ("read", "think", "intervene", "operate"), ("ana*",))
    _, looks = tokens.add("looks", ("read", "think"))
    _, works = tokens.add("works", ("work",), ("ana*",))

    def asked(token: str) -> int:
        return web.ask(method, path, body, token=token).status

    assert asked(of_minds) == 403
    assert (asked(looks) != 403) == (method == "GET")
    assert asked(works) in (200, 404)


def test_dead_tasks_are_replayed_by_who_may_operate_and_work(web: Web) -> None:
    tokens = tokens_of(web.settings)
    wanted: dict[tuple[Scope, ...], int] = {
        ("work",): 403, ("operate",): 403, ("work", "operate"): 200,
    }  # fmt: skip
    for scopes, status in wanted.items():
        _, secret = tokens.add("some", scopes)
        assert web.ask("POST", "/v1/queues/q/replay", {}, token=secret).status == status


def test_sleeps_are_for_services_alone(web: Web) -> None:
    sleeps = "/v1/queues/memory:consolidation"
    for path, body in (("rounds", {"worker": "w", "claim": 1}), ("tasks", {"payload": "p"})):
        refused = web.ask("POST", f"{sleeps}/{path}", body)
        assert refused.status == 422
        assert "for services alone" in refused.json["detail"]


async def test_services_are_no_agents_of_a_token_of_some_minds(web: Web) -> None:
    _, works = tokens_of(web.settings).add("works", ("work",), ("ana*",))
    async with Colony.connect(settings=web.settings) as colony:
        service = Membership(colony.redis)
        await service.renew(0, faults={"bob": {}})
        named = f"/v1/agents/{segment(service.id)}"
        assert (await web.get(named)).json["about"]["faults"] == {"bob": {}}
        assert (await web.get(named, token=works)).status == 404
        assert (await web.get("/v1/agents", token=works)).json["items"] == []
        await service.leave()


def test_the_owners_token_has_the_scopes_of_this_version(settings: Settings) -> None:
    tokens = tokens_of(settings)
    Home.at(settings.home).prepare()
    _, of_before = tokens.add("owner", ("read", "think"))
    write_private(Home.at(settings.home).path / "token", of_before)
    secret = owners_secret(settings)
    assert secret == owners_secret(settings) != of_before
    [owner] = tokens.all()
    assert owner.scopes == SCOPES
