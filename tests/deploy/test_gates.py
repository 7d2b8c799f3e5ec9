"""Gates: what they say in the end, and what they do when their host is lost while they wait."""

from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.connectors.ssh import SSHConnector

from deploy.operations import connection_loss, gates
from deploy.steps import Gate


class _Host:
    """Lost when it is asked for the second time."""

    print_prefix = ""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._transport = SimpleNamespace(is_active=lambda: len(self.asked) < 2)
        client: Any = SimpleNamespace(get_transport=lambda: self._transport)
        self.connector = SSHConnector.__new__(SSHConnector)
        self.connector.client = client

    def get_fact(self, _: object, about: str, **__: object) -> bool:
        self.asked.append(about)
        if len(self.asked) == 2:
            raise EOFError
        return False


def test_a_gate_ends_at_once_when_its_host_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    host, said = _Host(), list[str]()
    state = SimpleNamespace(is_executing=True, active_hosts={host})
    monkeypatch.setattr(gates, "host", host)
    monkeypatch.setattr(gates, "state", state)
    monkeypatch.setattr(connection_loss, "state", state)
    monkeypatch.setattr("deploy.operations.gates.logger.error", said.append)
    monkeypatch.setattr(gates, "_POLL_S", 0)

    gate = Gate("it is healthy", "it did not become healthy", "check", timeout_s=3)
    commands = list(gates.wait_for._inner(gate))

    assert [str(command) for command in commands] == ["false"]
    assert said == [], "whoever tells of lost hosts says why"
    assert host.asked == ["check", "false"], "and nobody waits for it"


def test_a_gate_says_what_did_not_happen() -> None:
    gate = Gate("Redis answers", "Redis did not answer", "check", timeout_s=120)
    at_once = Gate("apt offers it", "apt doesn't offer it", "check", timeout_s=0)

    assert gates.failure(gate, hopeless=False) == "Redis did not answer within 120 s"
    assert gates.failure(gate, hopeless=True) == "Redis did not answer: it has failed"
    assert gates.failure(at_once, hopeless=False) == "apt doesn't offer it"
