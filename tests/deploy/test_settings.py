"""What an inventory may say, and what it is told when it says something else."""

import re
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import InventoryError

from deploy.age import new_identity
from deploy.directives import RedisSettings
from deploy.quantities import format_bytes, parse_bytes
from deploy.settings import Stack, stack
from thoughtstream.directives import DEFAULTS
from thoughtstream.home import conf
from thoughtstream.home.home import Home
from thoughtstream.keys import NOTIFY_EVENTS

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"redis": {"maxmemry": "1gb"}}, "redis.maxmemry: is unknown; did you mean redis.maxmemory?"),
    ({"redis": {"maxmemory": "lots"}}, "redis.maxmemory: is not an amount of memory"),
    ({"redis": {"maxmemory": "1mb"}}, "redis.maxmemory: Input should be greater than or equal"),
    (
        {"redis": {"maxmemory_policy": "allkeys-lru"}},
        "redis.maxmemory_policy: would evict",
    ),
    ({"redis": {"appendonly": False}}, "redis.appendonly: Input should be True"),
    ({"redis": {"protected_mode": False}}, "redis.protected_mode: Input should be True"),
    ({"redis": {"bind": "0.0.0.0"}}, "redis.bind: Redis is never published to the world"),
    ({"redis": {"bind": ["8.8.8.8"]}}, "redis.bind: Redis is never published to the world"),
    ({"redis": {"bind": []}}, "redis.bind: give addresses"),
    ({"redis": {"bind": "::1"}}, "redis.bind: has only ::1"),
    ({"redis": {"notify_keyspace_events": "K"}}, "redis.notify_keyspace_events: the service is"),
    ({"redis": {"port": 70_000}}, "redis.port: Input should be less than or equal to 65535"),
    ({"docker": {"image": "redis:6.2"}}, "docker.image: is older than Redis 7.0"),
    ({"docker": {"image": "redis:6"}}, "docker.image: is older than Redis 7.0"),
    ({"docker": {"image": "redis:6@sha256:91"}}, "docker.image: is older than Redis 7.0"),
    ({"docker": {"memory_limit": "800mb"}}, "docker.memory_limit: 800mb is too little"),
    ({"docker": {"python_image": "python:3.12-slim"}}, "docker: python: is 3.13, but python_image"),
    (
        {"docker": {"python_image": "python:3.13-alpine"}},
        "docker: python_image: the wheels",
    ),
    (
        {"docker": {"insight": True, "insight_port": 6379}},
        "docker.insight_port: 6379 is",
    ),
    (
        {"web": {"bind": "10.0.0.5"}},
        "web: bind: 10.0.0.5 is not loopback; give tls_cert and tls_key, or set behind_proxy",
    ),
    ({"web": {"tls_cert": __file__}}, "web: tls_cert and tls_key: give both, or none"),
    (
        {"web": {"tls_cert": __file__, "tls_key": __file__}},
        "web: tls_cert, tls_key: a server can't use them",
    ),
    ({"web": {"port": 80}}, "web.port: Input should be greater than or equal to 1024"),
    ({"web": {"port": 6379}}, "web.port: 6379 is redis.port; change one"),
    ({"web": {"port": 8701}}, "web.port: 8701 is service.metrics.port; change one"),
    ({"web": {"port": 7002}, "cluster": {}}, "web.port: 7002 is a node's; change one"),
    ({"prometheus": True}, "prometheus: has no meaning with runtime 'docker'"),
    (
        {"prometheus": True, "runtime": "native", "web": {"enabled": False}},
        "prometheus: scrapes the web process and the service; set web.enabled",
    ),
    ({"web": {}, "runtime": "embedded"}, "web: has no meaning with runtime 'embedded'"),
    ({"service": {"streams": {"forget_threshold": -1}}}, "service.streams.forget_threshold: Input"),
    ({"service": {"memory": {"trigger_limit": 11}}}, "service.memory.trigger_limit: Input"),
    ({"service": {"memory": {"sleep": 1}}}, "service.memory.sleep: is unknown"),
    ({"clustr": {}}, "clustr: is unknown; did you mean cluster?"),
    (
        {"service": {"streams": {"forget_treshold": 1}}},
        "service.streams.forget_treshold: is unknown; did you mean "
        "service.streams.forget_threshold?",
    ),
    ({"service": {"budgets": {"cache": "half"}}}, "service.budgets.cache: String should match"),
    (
        {"service": {"budgets": {"cache": "60%"}}},
        "service.budgets: the sum is 588.8mb (thoughts 51.2mb, memories 102.4mb, coordination "
        "51.2mb, agents 25.6mb, cache 307.2mb, inference 51.2mb), but redis.maxmemory is 512mb",
    ),
    (
        {"service": {"budgets": {"memories": "500mb"}}, "cluster": {"nodes": 4}},
        "service.budgets: the sum is 884mb",
    ),
    (
        {"service": {"budgets": {"cache": "200mb"}}, "runtime": "embedded"},
        "service.budgets: the sum is 340.8mb",
    ),
    ({"runtime": "native", "docker": {}}, "docker: has no meaning with runtime 'native'"),
    ({"runtime": "embedded", "redis": {}}, "redis: has no meaning with runtime 'embedded'"),
    ({"cluster": {"port": 55_535, "nodes": 3}}, "cluster: port: the bus of the last node would"),
    ({"cluster": {"nodes": 0}}, "cluster.nodes: Input should be greater than or equal to 1"),
    ({"cluster": {}, "redis": {"port": 6380}}, "redis.port: has no meaning in a cluster"),
    ({"cluster": {"port": 8000}, "docker": {"insight": True}}, "docker.insight_port: 8001 is a"),
    ({"cluster": {}, "tls": {"ca": "none.crt", "certificates": "."}}, "tls.ca: Path does not"),
    ({"redis": {"bind": ["127.0.0.1", "10.0.0.5"]}}, "redis.bind: 10.0.0.5 is not loopback: pass"),
    ({"redis": {"bind": "fd00::5"}, "cluster": {}}, "redis.bind: fd00::5 is not loopback: passwo"),
    ({"tls": {"ca": __file__, "certificates": "."}, "plaintext": True}, "plaintext: has no mean"),
    ({"backup": {"recipients": ["age1x"]}}, "backup.recipients: number 1 is no public key of age"),
    ({"runtime": "embedded", "plaintext": True}, "plaintext: has no meaning with runtime 'embed"),
    ({"runtime": "podman"}, "runtime: Input should be 'docker', 'native' or 'embedded'"),
]


@pytest.mark.parametrize(("settings", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_wrong_settings_name_their_path(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(InventoryError) as error:
        stack(**settings)

    assert any(line.startswith(said) for line in str(error.value).splitlines()), error.value


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InventoryError, match=r"(?s)redis\.port: .*redis\.maxmemory: "):
        stack(redis={"maxmemory": "lots", "port": 0})


def test_images_without_a_version_are_the_operators_word() -> None:
    for image in ("redis:8.2", "redis:latest", "registry.example:5000/redis", "redis@sha256:5123"):
        assert stack(docker={"image": image}).docker.image == image


def test_a_stack_survives_json_as_an_inventory_shows_it() -> None:
    redis = {"maxmemory": "1gb", "bind": ["127.0.0.1", "10.0.0.5"]}
    one = stack(runtime="native", redis=redis, plaintext=True)

    assert Stack.model_validate(one.to_json()) == one


def test_defaults_are_those_of_the_design() -> None:
    directives = {line.name: line.value for line in RedisSettings().directives()}

    assert directives["bind"] == "127.0.0.1 -::1"
    assert directives["maxmemory-policy"] == "volatile-lru"
    assert directives["appendfsync"] == "everysec"
    assert directives["notify-keyspace-events"] == NOTIFY_EVENTS
    assert (directives["databases"], directives["protected-mode"]) == ("1", "yes")


def test_an_embedded_redis_and_one_on_a_host_are_told_the_same(tmp_path: Path) -> None:
    on_host = {line.name: line.value for line in RedisSettings().directives()}
    lines = conf.render(Home(tmp_path), "512mb").splitlines()
    embedded = dict(line.split(" ", 1) for line in lines if not line.startswith("#"))

    own = {"port", "maxmemory"}  # an embedded one listens on its socket, and is as big as you say
    assert {n: v for n, v in embedded.items() if n in on_host and n not in own} == {
        name: on_host[name] for name in DEFAULTS
    }


def test_directives_know_what_can_change_live() -> None:
    live = {line.name: line.live for line in RedisSettings().directives()}

    assert live["maxmemory"]
    assert live["maxclients"]
    for name in ("io-threads", "databases", "tcp-backlog", "enable-debug-command"):
        assert not live[name], name


def test_every_directive_has_a_reason() -> None:
    assert [line.name for line in RedisSettings().directives() if len(line.reason) < 8] == []


@pytest.mark.parametrize(
    ("text", "amount"), [("512mb", 512 << 20), ("1.5gb", 1536 << 20), ("64kb", 65_536), (7, 7)]
)
def test_amounts_of_memory(text: object, amount: int) -> None:
    assert parse_bytes(text) == amount
    assert parse_bytes(format_bytes(amount)) == amount


@pytest.mark.parametrize("text", ["", "mb", "1 parsec", "-1mb", None, True, 1.5])
def test_what_is_no_amount_of_memory(text: object) -> None:
    with pytest.raises(ValueError, match="is not an amount of memory"):
        parse_bytes(text)


def test_the_runbooks_inventory_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "deploy/README.md").read_text()
    code = next(
        code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hosts" in code
    )
    names: dict[str, Any] = {}

    exec(code, names)  # as pyinfra does

    ((_, data),) = names["hosts"]
    assert data["stack"].redis.maxmemory == 2 << 30


def test_the_recipient_of_backups_may_come_from_a_file() -> None:
    _, public = new_identity()

    assert stack(backup={"recipients": [f"{public}\n"]}).backup.recipients == (public,)


def test_an_address_is_bound_once_however_often_it_is_named() -> None:
    bound = stack(redis={"bind": "127.0.0.1 127.0.0.1 ::1 0:0::1"}).redis.bind

    assert [str(address) for address in bound] == ["127.0.0.1", "::1"]
