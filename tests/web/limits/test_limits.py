"""A token that asks too often is told when to ask again, and takes nothing from others."""

import http.client
import re
from collections.abc import Callable, Iterator

import pytest

from tests.servers import wait_until
from tests.web.served import Answered, Web, serving
from thoughtstream.config import Settings, WebConfig
from thoughtstream.faces.web.limits.allowances import Allowances
from thoughtstream.faces.web.place import tokens_of

SCARCE = WebConfig(requests_per_s=1, requests_burst=3, thoughts_per_s=1)


@pytest.fixture
def web(settings: Settings) -> Iterator[Web]:
    with serving(settings.model_copy(update={"web": SCARCE})) as web:
        yield web


def _until_refused(ask: Callable[[], Answered], most: int = 200) -> list[Answered]:
    answers = [ask()]
    while answers[-1].status != 429 and len(answers) < most:
        answers.append(ask())
    return answers


def test_whoever_asks_too_often_is_told_when_to_ask_again(web: Web) -> None:
    *well, refused = _until_refused(lambda: web.ask("GET", "/v1/minds"))
    assert {answer.status for answer in well} == {200}
    assert len(well) >= SCARCE.requests_burst
    assert well[0].headers["ratelimit"] == '"requests";r=2;t=1'
    for answer in (well[0], refused):
        policy = answer.headers["ratelimit-policy"]
        assert policy == '"requests";q=3;w=3, "thoughts";q=1;w=1'
    assert (refused.status, refused.json["type"]) == (429, "/problems/too-many-requests")
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit"] == '"requests";r=0;t=1'
    wait_until(lambda: web.ask("GET", "/v1/minds").status == 200, "it may ask again")


def test_others_and_whatever_needs_no_token_are_not_refused(web: Web) -> None:
    _, other = tokens_of(web.settings).add("other", ("read",))
    assert _until_refused(lambda: web.ask("GET", "/v1/minds"))[-1].status == 429
    assert web.ask("GET", "/v1/minds", token=other).status == 200
    free = [web.ask("GET", "/", token="") for _ in range(10)]
    assert {answer.status for answer in free} == {200}
    assert "ratelimit" not in free[0].headers


def test_no_more_thoughts_are_written_than_may_be(settings: Settings) -> None:
    few = SCARCE.model_copy(update={"requests_per_s": 0})
    with serving(settings.model_copy(update={"web": few})) as web:
        path = "/v1/minds/ana/thoughts"
        *well, refused = _until_refused(lambda: web.ask("POST", path, {"content": "a"}))
        assert (refused.status, refused.headers["ratelimit"]) == (429, '"thoughts";r=0;t=1')
        assert web.ask("GET", "/v1/minds/ana/windows").json["sensory"] == len(well)

        lines = b'{"content": "b"}\n' * 5
        feed = "/v1/minds/ben/feed"
        wait_until(lambda: web.ask("POST", feed, raw=lines).status == 201, "a feed is let in")
        owing = web.ask("POST", path, {"content": "c"})
        assert owing.status == 429
        assert 1 < int(owing.headers["retry-after"]) <= 5


def test_without_limits_nothing_is_counted_and_nothing_told(settings: Settings) -> None:
    free = WebConfig(requests_per_s=0, thoughts_per_s=0)
    with serving(settings.model_copy(update={"web": free})) as web:
        answers = [web.ask("GET", "/v1/minds/ana/windows") for _ in range(250)]
    assert {answer.status for answer in answers} == {200}
    assert not [name for name in answers[0].headers if re.match("ratelimit", name, re.I)]


def test_an_event_stream_is_one_request(web: Web) -> None:
    connection = http.client.HTTPConnection("localhost", web.port, timeout=30)
    headers = {"Authorization": f"Bearer {web.token}"}
    connection.request("GET", "/v1/events?mind=ana", headers=headers)
    stream = connection.getresponse()
    assert stream.headers["ratelimit"] == '"requests";r=2;t=1'
    told = b""
    while told.count(b"event: state") < 1 or told.count(b"event: hello") < 1:
        told += stream.readline()
    assert web.ask("GET", "/v1/minds").status == 200
    connection.close()


def test_tokens_that_rest_are_forgotten() -> None:
    now_s = 0.0
    allowances = Allowances(SCARCE, lambda: now_s)
    busy = allowances.of("busy")
    busy.requests.take()
    for number in range(1023):
        allowances.of(f"t{number}")
    allowances.of("another")
    assert allowances.of("busy") is busy
    now_s = 10.0
    for number in range(1100):
        allowances.of(f"u{number}")
    assert allowances.of("busy") is not busy
