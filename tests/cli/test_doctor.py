"""doctor: every fault of a server is found, named and given its cure."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from redis import ConnectionError, Redis

from tests.cli.conftest import Terminal
from tests.servers import RedisServer, programs, wait_until
from thoughtstream import keys
from thoughtstream.health.checks import fault_of

HEALTHY = ("maxmemory 256mb",)


@pytest.fixture(params=sorted(programs()))
def patient(
    request: pytest.FixtureRequest, terminal: Terminal, tmp_path: Path
) -> Iterator[RedisServer]:
    """A server that has been served, and can be spoilt."""
    directory = tmp_path / "redis"
    directory.mkdir()
    server = RedisServer(programs()[request.param], directory, *HEALTHY).start()
    terminal.env["REDIS_URL"] = server.url
    terminal.up()
    yield server
    terminal.json("down")
    server.stop()


def bad(terminal: Terminal, *, code: int = 1) -> dict[str, str]:
    """The checks that found something, with what they found and the cure."""
    answer = terminal.json("doctor", code=code)
    assert answer["healthy"] == (code == 0)
    findings = [one for one in answer["findings"] if one["state"] in ("bad", "notice")]
    assert all(finding["cure"] for finding in findings)
    return {finding["check"]: f"{finding['found']} -> {finding['cure']}" for finding in findings}


def test_an_embedded_home_is_healthy(living: Terminal) -> None:
    living.json("think", "x")
    assert bad(living, code=0) == {}
    assert "✗" not in living.call("doctor").stdout


SPOILT = {
    "persistence problems": ("appendonly", "no"),
    "eviction policy": ("maxmemory-policy", "allkeys-lru"),
    "memory pressure": ("maxmemory", "0"),
    "notify-keyspace-events": ("notify-keyspace-events", ""),
}


def test_every_fault_is_found_and_its_cure_named(terminal: Terminal, patient: RedisServer) -> None:
    assert set(bad(terminal)) == {"default user"}, "a shared server has no open default user"
    with patient.client() as redis:
        for directive, value in SPOILT.values():
            redis.config_set(directive, value)
        assert set(bad(terminal)) == {"default user", *SPOILT}
        redis.config_set("maxmemory", "100000gb")
    assert "set maxmemory to at most 60%" in bad(terminal)["memory of the host"]


@pytest.mark.slow
def test_the_common_issues_have_their_names(terminal: Terminal, patient: RedisServer) -> None:
    """Those of the ASI-Arch document: each is broken, seen, and has its cure."""
    with patient.client() as redis:
        redis.config_set("maxmemory", "32mb")
        # Buffers, of the log too, come and go.
        elses: list[str] = []
        while redis.info("memory")["used_memory_dataset"] < 0.82 * (32 << 20):
            elses.append(f"somebody:{len(elses)}")
            redis.set(elses[-1], "x" * 200_000)
        pressure = bad(terminal)["memory pressure"]
        assert "of 32 MB used" in pressure and "raise maxmemory" in pressure
        redis.delete(*elses)

        redis.config_set("appendonly", "no")
        assert "the append-only file is off" in bad(terminal)["persistence problems"]
        redis.config_set("appendonly", "yes")

        for _ in range(10):
            redis.eval("local n = 0 for i = 1, 20000000 do n = n + i end return n", 0)
        degraded = bad(terminal)["performance degradation"]
        assert (
            re.match(r"\d\d commands of the last 5 minutes", degraded) and "SLOWLOG GET" in degraded
        )
        redis.slowlog_reset()

        most = redis.info("clients")["connected_clients"] + 3
        redis.config_set("maxclients", most)
        with suppress(ConnectionError), ExitStack() as many:
            while True:
                many.enter_context(patient.client()).ping()
        wait_until(lambda: redis.info("clients")["connected_clients"] < most - 1, "they have gone")
        refused = bad(terminal)["connection issues"]
        assert re.search(f"of {most} clients, [1-9][0-9]* refused", refused)
        assert "raise maxclients" in refused
        redis.config_resetstat()
        redis.config_set("maxclients", 1000)
        assert set(bad(terminal)) == {"default user"}


UNREACHABLE = {
    "redis://127.0.0.1:1/0": "nothing listens there: start it",
    "unix:///nowhere/redis.sock": "nothing listens there",
    "redis://no-host.invalid:6379/0": "nobody knows this name",
}


@pytest.mark.parametrize("url", UNREACHABLE)
def test_a_redis_that_cannot_be_reached_is_a_connection_issue(terminal: Terminal, url: str) -> None:
    terminal.env["REDIS_URL"] = url
    assert UNREACHABLE[url] in bad(terminal)["connection issues"]


def test_a_redis_that_is_silent_is_a_connection_issue(
    terminal: Terminal, patient: RedisServer
) -> None:
    terminal.env["THOUGHTSTREAM_REDIS__TIMEOUT_S"] = "0.2"
    with patient.frozen():
        assert "nothing comes back: look for a firewall" in bad(terminal)["connection issues"]


def test_a_domain_beyond_its_budget_is_named(terminal: Terminal) -> None:
    terminal.up()
    address = terminal.json("status")["redis"]["url"]
    with Redis.from_url(address) as redis:
        for n in range(20):
            redis.set(keys.CACHE.key(key=f"k{n}"), "x" * 100_000, ex=60)
    assert bad(terminal, code=0) == {}
    terminal.env["THOUGHTSTREAM_BUDGETS__CACHE"] = "1mb"
    found = bad(terminal)
    assert set(found) == {"budget of cache"}
    assert " of 1.0 MB, most of it deepcode:cache:<key>" in found["budget of cache"]
    assert "lower cache.ttl_s" in found["budget of cache"]
    terminal.env["THOUGHTSTREAM_BUDGETS__MEMORIES"] = "300mb"
    assert "of 256.0 MB -> lower [budgets]" in bad(terminal)["memory plan"]
    [sample] = terminal.json("status")["memory"]
    assert sample["domains"]["cache"]["budget_bytes"] == 1 << 20
    assert "memory" in terminal.call("status").stdout


def test_keys_that_are_not_as_the_registry_has_them_are_found(living: Terminal) -> None:
    episodic = keys.EPISODIC.key(mind="sick")
    refractory = keys.REFRACTORY.key(mind="sick", id="x")
    window = keys.WINDOW.key(mind="sick", window="sensory")
    with Redis.from_url(living.json("status")["redis"]["url"]) as redis:
        redis.set("somebody:elses", "x")
        assert bad(living, code=0) == {}, "what others keep here is not our business"
        redis.set("memory:strange", "x")
        redis.xadd(episodic, {"content": "x"})
        redis.expire(episodic, 1000)
        redis.set(refractory, "x")
        redis.set(window, "x")
        found = bad(living)
        redis.delete("somebody:elses", "memory:strange", episodic, refractory, window)
    assert set(found) == {"key hygiene"}
    for fault, key in (
        ("unknown key with one of our prefixes", "memory:strange"),
        ("durable with a TTL", episodic),
        ("evictable without a TTL", refractory),
        ("of the wrong type (string, not stream)", window),
    ):
        assert f"1 {fault}, e.g. {key}" in found["key hygiene"]


@pytest.mark.parametrize("family", keys.FAMILIES, ids=lambda family: family.name)
def test_no_key_of_the_registry_is_a_fault(family: keys.Family) -> None:
    parts = dict.fromkeys(re.findall(r"<(\w+)>", family.pattern), "x")
    ttl = -1 if family.durable else 5
    assert fault_of(family.key(**parts), family.type, ttl) == ""
    assert fault_of(family.key(**parts), "none", -2) == "", "gone since is nobody's fault"
    assert fault_of(family.key(**parts), family.type, -1 if ttl > 0 else 5)
