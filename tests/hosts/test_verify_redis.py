"""The Redis that runs has the configuration, the users and the persistence of the inventory."""

import socket

from deploy.layout import ROLES
from deploy.runtimes.server import same_value
from deploy.runtimes.users import strange_users
from deploy.settings import MEMORY_SHARE

from .site import ServerSite


def test_running_configuration_is_the_rendered_one(server: ServerSite) -> None:
    running = server.redis().config
    expected = server.deployed.server.directives

    found = {line.name: running.get(line.name, "unknown") for line in expected}
    different = {
        line.name: (found[line.name], line.value)
        for line in expected
        if not same_value(line.name, found[line.name], line.value)
    }
    assert different == {}
    assert len(expected) > 30


def test_running_users_are_the_rendered_ones(server: ServerSite) -> None:
    running = server.redis()
    default = next(line.split() for line in running.users if line.startswith("user default "))

    assert strange_users(server.facts().secrets, running) == []
    assert "off" in default
    assert default[-1] == "-@all"


def test_a_stranger_gets_nothing(server: ServerSite) -> None:
    answer = server.sh(f"{_without_password(server)} ping 2>&1 || true")

    assert "NOAUTH" in answer
    assert not server.succeeds(f"{_without_password(server)} -e get x")


def test_roles_can_do_their_work_and_no_more(server: ServerSite) -> None:
    cli = server.deployed.cli
    refused = {
        "service": [("flushall",), ("config", "get", "*"), ("set", "strange", "1"), ("keys", "*")],
        "monitor": [("get", "thought:{x}:contest"), ("config", "set", "timeout", "1")],
    }

    for role in ROLES:
        assert server.succeeds(cli("ping", role=role)), role
    for command in refused["service"]:
        assert not server.succeeds(cli(*command, role="service")), command
    for command in refused["monitor"]:
        assert not server.succeeds(cli(*command, role="monitor")), command


def _without_password(server: ServerSite) -> str:
    """redis-cli as nobody: the command of a role, without password and name."""
    _, _, client = server.deployed.cli(role="monitor").partition(')" ')
    return client.replace("--user monitor", "")


def test_memories_are_persistent_and_never_evicted(server: ServerSite) -> None:
    info = _info(server, "persistence") | _info(server, "memory")

    assert info["aof_enabled"] == "1"
    assert info["aof_last_write_status"] == "ok"
    assert info["rdb_last_bgsave_status"] == "ok"
    assert info["maxmemory_policy"] == server.stack.redis.maxmemory_policy
    assert int(info["maxmemory"]) <= int(info["total_system_memory"]) * MEMORY_SHARE
    assert server.redis().config["appendfsync"] == server.stack.redis.appendfsync


def _info(server: ServerSite, section: str) -> dict[str, str]:
    lines = server.sh(server.deployed.cli("info", section)).splitlines()
    return dict(line.strip().split(":", 1) for line in lines if ":" in line)


def test_port_is_closed_to_others(server: ServerSite) -> None:
    redis = server.stack.redis
    bound = {str(address) for address in redis.bind}

    if server.machine.system == "Linux":
        sockets = server.sh(f"ss -Hltn 'sport = :{redis.port}'").splitlines()
        listening = {line.split()[3].rpartition(":")[0].strip("[]") for line in sockets}
        assert listening
        assert listening <= bound
    if not server.target.local and all(address.is_loopback for address in redis.bind):
        assert not _answers(server.target.address, redis.port)


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except OSError:
        return False
