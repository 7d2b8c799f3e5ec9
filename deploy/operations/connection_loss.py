"""Hosts whose connection is lost during a run."""

from contextlib import suppress
from typing import Any, TypeVar

from pyinfra import logger
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback, State
from pyinfra.connectors.ssh import SSHConnector
from pyinfra.context import state

from deploy.cluster.nodes import CURE

T = TypeVar("T")


def is_lost(host: Host) -> bool:
    """Whether the connection to a host is lost."""
    connector = host.connector
    if not isinstance(connector, SSHConnector) or connector.client is None:
        return False
    transport = connector.client.get_transport()
    return transport is None or not transport.is_active()


def fact_or_default(host: Host, fact: type[FactBase[T]], about: object, **options: Any) -> T:
    """A fact of a host; the fact's default if the host isn't connected, or its connection is lost,
    perhaps at this moment (paramiko's EOFError). `options`: pyinfra's own.
    """
    if host in state.active_hosts and not is_lost(host):
        with suppress(EOFError):
            return host.get_fact(fact, about, **options)
    return fact.default()


class _LossReporter(BaseStateCallback):
    """pyinfra only says that the command failed."""

    @staticmethod
    def operation_host_error(
        state: State, host: Host, op_hash: str, retry_count: int = 0, max_retries: int = 0
    ) -> None:
        if is_lost(host):
            logger.error(f"{host.print_prefix}the connection to {host.name} is lost; {CURE}")


def report_lost_hosts(state: State) -> None:
    """Names a host whose connection is lost while it does something, with the cure."""
    if not any(isinstance(handler, _LossReporter) for handler in state.callback_handlers):
        state.add_callback_handler(_LossReporter())  # type: ignore[no-untyped-call]
