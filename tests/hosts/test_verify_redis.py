"""The Redis that runs has the configuration, the users and the persistence of the inventory."""

import socket
from dataclasses import replace
from shlex import join, quote

from deploy.runtimes.acl_drift import drifted_users
from deploy.runtimes.live_or_restart import same_value
from deploy.runtimes.server import Server
from thoughtstream.acl import Role
from thoughtstream.directives import MEMORY_SHARE

from .deployed_host import ServerHost


def test_running_configuration_is_the_rendered_one(server: ServerHost) -> None:
    for each in server.servers:
        running = server.redis(each)
        expected = [line for line in each.directives if line.since <= running.number]

        found = {line.name: running.config.get(line.name, "unknown") for line in expected}
        different = {
            line.name: (found[line.name], line.value)
            for line in expected
            if not same_value(line.name, found[line.name], line.value)
        }
        assert different == {}, each.spec.unit
        assert len(expected) > 30


def test_running_users_are_the_rendered_ones(server: ServerHost) -> None:
    secrets = server.facts.secrets
    for each in server.servers:
        running = server.redis(each)
        default = next(line.split() for line in running.users if line.startswith("user default "))

        assert drifted_users(secrets, running, each.secrets.roles) == [], each.spec.unit
        assert "off" in default
        assert "nopass" not in default


def test_a_stranger_gets_nothing(server: ServerHost) -> None:
    for each in server.servers:
        answer = server.sh(f"{_without_password(each)} ping 2>&1 || true")

        assert "NOAUTH" in answer
        assert not server.succeeds(f"{_without_password(each)} -e get x")


def test_nobody_gets_in_without_tls(secured: ServerHost) -> None:
    for each in secured.servers:
        plain = replace(each.cli, tls=None)

        assert secured.succeeds(each.cli("ping"))
        assert not secured.succeeds(plain("ping"))


def test_roles_can_do_their_work_and_no_more(server: ServerHost) -> None:
    cli = server.deployed.cli
    refused: dict[Role, list[tuple[str, ...]]] = {
        "service": [("flushall",), ("config", "get", "*"), ("set", "strange", "1"), ("keys", "*")],
        "web": [
            ("flushall",),
            ("config", "get", "*"),
            ("set", "strange", "1"),
            ("keys", "*"),
            ("function", "load", "replace", "#!lua name=l"),
            ("acl", "list"),
            ("shutdown",),
        ],
        "monitor": [
            ("get", "thought:{x}:contest"),
            ("slowlog", "get"),  # it shows what commands were given: thoughts
            ("config", "set", "timeout", "1"),
            ("config", "get", "masterauth"),  # who has it can copy everything
        ],
        "replica": [("get", "thought:{x}:contest"), ("config", "get", "*"), ("info",)],
    }

    for role in server.deployed.secrets.roles:
        assert server.succeeds(cli("ping", role=role)), role
    for role in refused.keys() & set(server.deployed.secrets.roles):
        given = "".join(f"{join(command)}\n" for command in refused[role])
        said = server.sh(f"printf %s {quote(given)} | {cli(role=role)}").splitlines()
        answers = [line for line in said if line]
        assert len(answers) == len(refused[role]), (role, answers)
        assert all(answer.startswith("NOPERM") for answer in answers), (role, answers)


def _without_password(server: Server) -> str:
    """redis-cli as nobody: the command of a role, without password and name."""
    _, _, client = server.cli(role="monitor").partition(')" ')
    return client.replace("--user monitor", "")


def test_memories_are_persistent_and_never_evicted(server: ServerHost) -> None:
    together = 0
    for each in server.servers:
        info = _info(server, each, "persistence") | _info(server, each, "memory")

        assert info["aof_enabled"] == "1"
        assert info["aof_last_write_status"] == "ok"
        assert info["rdb_last_bgsave_status"] == "ok"
        assert info["maxmemory_policy"] == server.stack.redis.maxmemory_policy
        together += int(info["maxmemory"])
        assert together <= int(info["total_system_memory"]) * MEMORY_SHARE
        assert server.redis(each).config["appendfsync"] == server.stack.redis.appendfsync


def _info(server: ServerHost, redis: Server, section: str) -> dict[str, str]:
    lines = server.sh(redis.cli("info", section)).splitlines()
    return dict(line.strip().split(":", 1) for line in lines if ":" in line)


def test_port_is_closed_to_others(server: ServerHost) -> None:
    for each in server.servers:
        bound = {str(address) for address in each.spec.stack.redis.bind}
        for port in each.spec.ports.values():
            if server.machine.system == "Linux":
                sockets = server.sh(f"ss -Hltn 'sport = :{port}'").splitlines()
                listening = {line.split()[3].rpartition(":")[0].strip("[]") for line in sockets}
                assert listening
                assert listening <= bound
            local = all(address.is_loopback for address in each.spec.stack.redis.bind)
            if not server.target.local and local:
                assert not _answers(server.target.address, port)


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=3):
            return True
    except OSError:
        return False
