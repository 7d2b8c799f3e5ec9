"""What stands in the files of a host, read by who has to read it: a real Redis, the service."""

import hashlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from redis import Redis

from deploy.cluster.directives import node_directives
from deploy.cluster.topology import Node
from deploy.config_files import (
    LocalDirectives,
    embedded_toml,
    redis_conf,
    service_toml,
    title,
    users_acl,
)
from deploy.facts.redis import RedisState
from deploy.layout import ROLES, linux_native
from deploy.render import render
from deploy.runtimes.acl_drift import drifted_users
from deploy.runtimes.certificates import HostTls
from deploy.runtimes.live_or_restart import restart_only, same_value
from deploy.runtimes.web import HostWeb
from deploy.settings import ClusterSettings, Stack, TlsSettings, stack
from tests.lab.authority import Authority
from tests.servers import RedisServer, programs, wait_until
from thoughtstream import config
from thoughtstream.acl import Role

PASSWORDS: dict[Role, str] = {role: letter * 64 for role, letter in zip(ROLES, "abcd", strict=True)}
WANTED = stack(runtime="native", redis={"maxmemory": "100mb"})
REVISION = "0123abcd"
DIGESTS = {role: hashlib.sha256(secret.encode()).hexdigest() for role, secret in PASSWORDS.items()}


@pytest.fixture(params=sorted(programs()))
def redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Redis]:
    """A server of each version, started with what the deployment renders, as its admin sees it."""
    with serve(programs()[request.param], tmp_path) as client:
        yield client


@contextmanager
def serve(program: Path, tmp_path: Path) -> Iterator[Redis]:
    """A server of the rendered files; its data stay for the next one."""
    local = LocalDirectives(str(tmp_path), str(tmp_path / "users.acl"), revision=REVISION)
    # No TCP in tests; all the rest as on a host.
    text = redis_conf(WANTED, local, (7, 0)).replace("\nport 6379\n", "\nport 0\n")
    (tmp_path / "redis.conf").write_text(text)
    (tmp_path / "users.acl").write_text(users_acl(DIGESTS))
    socket = tmp_path / "redis.sock"
    with (tmp_path / "log").open("w") as log:
        command = [str(program), str(tmp_path / "redis.conf"), "--unixsocket", str(socket)]
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: socket.exists() or server.poll() is not None, "Redis listens")
        assert server.poll() is None, (tmp_path / "log").read_text()
        with Redis(
            unix_socket_path=str(socket),
            username="admin",
            password=PASSWORDS["admin"],
            decode_responses=True,
            protocol=2,
        ) as client:
            yield client
    finally:
        server.terminate()
        server.wait(30)


def test_every_redis_takes_the_configuration(redis: Redis) -> None:
    running = redis.config_get("*")

    different = {
        line.name: (running[line.name], line.value)
        for line in WANTED.redis.directives()
        if line.name != "port" and not same_value(line.name, str(running[line.name]), line.value)
    }
    assert different == {}
    assert running["proc-title-template"] == title(REVISION)
    assert running["appenddirname"] == "appendonlydir"


@pytest.mark.parametrize("name", sorted(programs()))
def test_a_node_is_told_no_more_than_its_redis_knows(name: str, tmp_path: Path) -> None:
    program = programs()[name]
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = RedisState(printed.stdout).number
    told = node_directives(ClusterSettings(), Node("n1", "127.0.0.1", 7001), None)
    known = {line.name: line.value for line in told if line.live and line.since <= version}
    server = RedisServer(program, tmp_path, *(f"{name} {known[name]}" for name in known))
    try:
        with server.start().client() as client:
            assert client.config_get(*known) == known
            more = [line.name for line in told if line.since > version]
            assert client.config_get("port", *more) == {"port": "0"}
    finally:
        server.stop()


def listed(redis: Redis) -> tuple[str, ...]:
    return tuple(str(line) for line in redis.acl_list())


@pytest.mark.parametrize("version", sorted(programs()))
def test_what_functions_and_transactions_wrote_survives_a_restart(
    version: str, tmp_path: Path
) -> None:
    program = programs()[version]
    code = "redis.call('set', 'a', 1) redis.call('set', 'b', 2)"
    with serve(program, tmp_path) as redis:
        redis.function_load(f"#!lua name=l\nredis.register_function('f', function() {code} end)")
        redis.fcall("f", 0)
        with redis.pipeline(transaction=True) as pipe:
            pipe.set("c", 3)
            pipe.set("d", 4)
            pipe.execute()
        redis.set("e", 5)

    with serve(program, tmp_path) as redis:
        assert redis.mget("a", "b", "c", "d", "e") == ["1", "2", "3", "4", "5"]


def test_every_redis_takes_the_users(redis: Redis) -> None:
    version = redis.info("server")["redis_version"]

    def strange() -> list[str]:
        return drifted_users(DIGESTS, RedisState(version, {}, listed(redis)))

    assert strange() == []
    redis.acl_setuser("default", enabled=True, nopass=True)
    redis.acl_setuser("service", enabled=True, keys=["*"])
    redis.acl_setuser("mallory", enabled=True, passwords=["+guess"], categories=["+@all"])
    assert strange() == ["default", "mallory", "service"]
    redis.acl_load()
    assert strange() == []


def test_users_of_another_file_are_strange(redis: Redis) -> None:
    running = RedisState("7.0.15", {}, listed(redis))
    other = DIGESTS | {"monitor": "0" * 64}

    assert drifted_users(other, running) == ["default", "monitor"]
    assert drifted_users({}, running) == list(ROLES)


def test_acl_holds_digests_and_no_open_door() -> None:
    text = users_acl(DIGESTS)

    first = text.splitlines()[0].split()
    assert first[:3] == ["user", "default", "off"]
    assert first[-1] == "-@all)"
    assert [line.split()[1] for line in text.splitlines()[1:]] == list(ROLES)
    assert not any(secret in text for secret in PASSWORDS.values())
    assert "nopass" not in text


def test_service_reads_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = {
        "streams": {"forget_threshold": 0.25},
        "memory": {"trigger_limit": 3},
        "metrics": {"port": 0},
    }
    wanted = stack(runtime="native", service=own)
    file = tmp_path / "thoughtstream.toml"
    secret = str(tmp_path / "password")
    file.write_text(
        service_toml(wanted, home=str(tmp_path), url="redis://h:1/0", password_file=secret)
    )
    monkeypatch.setenv("THOUGHTSTREAM_CONFIG", str(file))

    read = config.load()

    assert (read.streams, read.memory) == (wanted.service.streams, wanted.service.memory)
    assert read.metrics == wanted.service.metrics
    assert read.memory.trigger_limit == 3
    assert (read.home, read.log) == (tmp_path, "json")
    assert (read.redis.url, read.redis.username) == ("redis://h:1/0", "service")
    assert not read.web.enabled  # it is a process of its own
    assert str(read.redis.password_file) == secret


@pytest.mark.parametrize("published", [False, True])
def test_the_web_process_reads_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, published: bool
) -> None:
    web = {"bind": "10.0.0.5", "hosts": ["mind.example.org"], "behind_proxy": True}
    wanted = stack(runtime="native", web=web, service={"streams": {"forget_threshold": 0.25}})
    etc = str(tmp_path)
    authority = Authority(tmp_path / "authority")
    authority.certify("h", "10.0.0.5")
    tls = HostTls(
        TlsSettings(ca=authority.ca, certificates=authority.folder), linux_native(), host="h"
    )
    own = HostWeb(wanted, linux_native(), "redis://h:1/0", etc, etc, tls, published=published)
    (tmp_path / "thoughtstream.toml").write_text(own.files[-1].text)
    monkeypatch.setenv("THOUGHTSTREAM_CONFIG", str(tmp_path / "thoughtstream.toml"))

    read = config.load()

    assert read.web.host == ("0.0.0.0" if published else "10.0.0.5")
    assert read.web.hosts == ("mind.example.org", "10.0.0.5")
    assert read.redis.username == "web"
    assert str(read.redis.password_file) == f"{etc}/password"
    assert str(read.redis.ca_file) == f"{etc}/ca.crt"
    assert read.redis.server_name == "h"
    assert read.streams == wanted.service.streams


def test_a_mind_of_ones_own_reads_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = stack(
        runtime="embedded",
        embedded={"maxmemory": "64mb"},
        service={"streams": {"half_life_ms": 900}, "memory": {"sleep_every_s": 0}},
    )
    file = tmp_path / "thoughtstream.toml"
    file.write_text(embedded_toml(wanted, notes=["made by a test"]))
    monkeypatch.setenv("THOUGHTSTREAM_CONFIG", str(file))

    read = config.load()

    assert "# made by a test\n" in file.read_text()
    assert read.redis.url is None
    assert read.embedded.maxmemory == "64mb"
    assert read.streams.half_life_ms == 900
    assert read.memory.sleep_every_s == 0


def test_only_what_needs_a_restart_is_in_a_revision() -> None:
    local = LocalDirectives("/data", "/users.acl")

    def part(**redis: object) -> str:
        wanted: Stack = stack(runtime="native", redis=redis)
        return restart_only(wanted, local)

    assert part(maxmemory="100mb") == part(maxmemory="200mb")
    assert part(io_threads=1) != part(io_threads=2)


def test_a_template_never_guesses() -> None:
    with pytest.raises(UndefinedError):
        render("sysctl.conf")
