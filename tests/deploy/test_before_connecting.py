"""A wrong inventory and a wrong key are told in one line, before any host hears of the run."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import paramiko
import pytest
from paramiko.common import AUTH_SUCCESSFUL
from pyinfra.api.config import Config
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.connectors.ssh import SSHConnector

from deploy.before_connecting import send_at_once

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STACK = "from deploy.settings import stack\nwanted = stack(runtime='native'{})\n"
ONE, MANY = STACK.format(""), STACK.format(", cluster={}")
SSH = ONE + "hosts = [('127.0.0.1', {{'ssh_port': 9, 'stack': wanted, 'ssh_key': {!r}}})]\n"


def deploy(inventory: str, *options: str) -> str:
    """What a run says that must fail."""
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "-y", inventory, *options, "deploy.stack"],
        cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


NAMES = [
    ("inventories/macmni.py", "there is no such inventory; did you mean inventories/macmini.py?"),
    ("elsewhere/x.py", "there is no such inventory; give one of inventories/cluster.py, inv"),
    ("no-host.invalid", "no-host.invalid: has no hosts; an inventory is a file with hosts"),
    ("@fake/alone", "@fake/alone: stack: is missing"),
]


@pytest.mark.parametrize(("named", "said"), NAMES, ids=[named for named, _ in NAMES])
def test_what_is_no_inventory(named: str, said: str) -> None:
    told = deploy(named)
    assert said in told
    assert "Connecting to hosts" not in told


HOSTS = [
    (ONE, "[('@fake/a', {'stack': wanted}), '@fake/b']", "@fake/b: stack: is missing"),
    (ONE, "[]", "has no hosts"),
    (MANY, "[(f'@fake/{n}', {'stack': wanted}) for n in 'abc']", "@fake/b: address: is missing"),
    (
        MANY,
        "[(f'@fake/{n}', {'stack': wanted, 'address': n}) for n in 'abc']",
        "@fake/b: address: is 'b'",
    ),
]


@pytest.mark.parametrize(("head", "hosts", "said"), HOSTS, ids=[said for _, _, said in HOSTS])
def test_what_an_inventory_leaves_out(head: str, hosts: str, said: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text(f"{head}hosts = {hosts}\n")
    told = deploy(str(inventory))
    assert said in told and "nothing was changed" in told
    assert "Connecting to hosts" not in told


def test_a_plan_of_memory_that_does_not_fit(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    plan = STACK.format(", service={'budgets': {'memories': '1gb'}}")
    inventory.write_text(f"{plan}hosts = [('@fake/a', {{'stack': wanted}})]\n")
    told = deploy(str(inventory))
    assert "service.budgets: the sum is 1.4gb (thoughts 51.2mb, memories 1gb" in told
    assert "redis.maxmemory is 512mb" in told
    assert "Connecting to hosts" not in told


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such private key"), ("not a key", "Invalid private key")]
)
def test_a_key_that_cannot_be_used(content: str | None, said: str, tmp_path: Path) -> None:
    key, inventory = tmp_path / "key", tmp_path / "inventory.py"
    if content:
        key.write_text(content)
    inventory.write_text(SSH.format(str(key)))
    told = deploy(str(inventory))
    (line,) = [line for line in told.splitlines() if said in line]
    assert "127.0.0.1" in line and "give a private key that you can use" in line


class Refusing(paramiko.ServerInterface):
    """Knows nobody's key."""

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"


class Welcoming(paramiko.ServerInterface):
    """Lets everybody in who has a key."""

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return AUTH_SUCCESSFUL


@contextmanager
def serving(server: paramiko.ServerInterface) -> Iterator[int]:
    """The port of an SSH server."""
    key, transports = paramiko.ECDSAKey.generate(), list[paramiko.Transport]()

    def serve() -> None:
        with suppress(OSError):
            while True:
                transport = paramiko.Transport(listening.accept()[0])
                transports.append(transport)
                transport.add_server_key(key)
                transport.start_server(event=Event(), server=server)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for transport in transports:
        transport.close()


def reached(port: int, folder: Path) -> dict[str, object]:
    """How to reach it, in an inventory, with a key that is made for it."""
    key = folder / "key"
    paramiko.RSAKey.generate(2048).write_private_key_file(str(key))
    return {
        "ssh_port": port, "ssh_key": str(key), "ssh_known_hosts_file": str(folder / "known"),
        "ssh_strict_host_key_checking": "no",
    }  # fmt: skip


def test_a_key_that_is_refused(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    with serving(Refusing()) as port:
        own = reached(port, tmp_path)
        inventory.write_text(f"{ONE}hosts = [('127.0.0.1', {{'stack': wanted, **{own!r}}})]\n")
        told = deploy(str(inventory))
    (line,) = [line for line in told.splitlines() if "Authentication" in line]
    assert str(own["ssh_key"]) in line and "give a private key that you can use" in line


def test_commands_do_not_wait_for_the_network(tmp_path: Path) -> None:
    with serving(Welcoming()) as port:
        hosts = [("127.0.0.1", reached(port, tmp_path))]
        inventory = Inventory((hosts, {}))  # type: ignore[no-untyped-call]
        config = Config()  # type: ignore[no-untyped-call]
        host = State(inventory, config).inventory.get_host("127.0.0.1")
        host.connect(raise_exceptions=True)
        assert isinstance(host.connector, SSHConnector) and host.connector.client
        transport = host.connector.client.get_transport()
        assert transport and is_sent_at_once(transport)
        transport.close()


def test_nor_do_those_that_go_through_another_host() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as through,
    ):
        gate, channel = paramiko.Transport(through), paramiko.Channel(1)
        channel.transport = gate
        assert not is_sent_at_once(gate)
        send_at_once(paramiko.Transport(channel))
        assert is_sent_at_once(gate)


def is_sent_at_once(transport: paramiko.Transport) -> bool:
    assert isinstance(transport.sock, socket.socket)
    return bool(transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
