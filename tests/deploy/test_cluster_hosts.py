"""A cluster through connections to its hosts: what a host's end looks like."""

from typing import Any, NoReturn

import pytest

from deploy.cluster.nodes import ClusterError, ClusterSpec
from deploy.commands import RedisCli
from deploy.layout import linux_native
from deploy.operations import cluster, connection_loss
from tests.deploy.views import node

LOST = node("a:7001")


class _Host:
    """Lost just when it is asked, as paramiko tells it."""

    connector = None

    def get_fact(self, *_: object, **__: object) -> NoReturn:
        raise EOFError


class _Run:
    """An inventory and a state with one host."""

    def __init__(self, *, connected: bool) -> None:
        self._host = _Host()
        self.active_hosts = {self._host} if connected else set[_Host]()

    def get_host(self, _: str) -> Any:
        return self._host


@pytest.mark.parametrize("connected", [True, False])
def test_a_host_that_is_lost_or_was_never_there_has_silent_nodes(
    monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    run = _Run(connected=connected)
    monkeypatch.setattr(cluster, "inventory", run)
    monkeypatch.setattr(connection_loss, "state", run)
    hosts = cluster.ConnectedNodes(ClusterSpec({LOST: RedisCli(linux_native(), LOST.port)}, 1, 1))

    assert hosts.view().nodes == {LOST: None}
    with pytest.raises(ClusterError, match="a:7001 refused cluster failover\n  the host doesn't"):
        hosts.ask(LOST, "cluster", "failover")
