"""What is wrong with an inventory, or a key for SSH, is said before anything connects, in one line.
pyinfra has no hook at either place, so two of its methods are wrapped when the verbs are loaded.
"""

import socket
from collections.abc import Iterator
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

import click
from paramiko import Channel, Transport
from pyinfra.api.exceptions import ConnectError, InventoryError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.inventory import Inventory
from pyinfra.api.state import State
from pyinfra.connectors.ssh import SSHConnector

from deploy.cluster.topology import TopologyError
from deploy.rollouts.discovery import said_of
from deploy.rollouts.inventory import read
from deploy.run_state import run_state
from deploy.settings import Stack

_KEY = "give a private key that you can use, as ssh_key or in ~/.ssh/config (IdentityFile)"
_OF_A_KEY = ("uthentication", "No such file")
"""In errors whose cause is the key: refused, none to offer, or not there."""


def check_before_connecting() -> None:
    """From now on, a run of a verb checks its inventory, names keys that can't be used, and doesn't
    wait for the network where it needn't.
    """
    start, connect = State.init, SSHConnector.connect

    @wraps(start)
    def checked(self: State, inventory: Inventory, *rest: Any, **named: Any) -> None:
        run = click.get_current_context(silent=True)
        is_verb = run and str(run.params.get("operations", ("",))[0]).startswith("deploy.")
        if run and is_verb:
            file = run.params["inventory"]
            if problem := problem_of(file, list(inventory)):
                raise InventoryError(f"{problem}\n  nothing was changed")
            run_state(inventory).inventory = Path(file).name
        start(self, inventory, *rest, **named)

    @wraps(connect)
    def connected(self: SSHConnector) -> None:
        try:
            connect(self)
        except ConnectError as error:
            of_a_key = any(sign in str(error) for sign in _OF_A_KEY)
            raise ConnectError(f"{error}; {_KEY}" if of_a_key else str(error)) from None
        except (PyinfraError, ValueError) as error:  # would be a traceback
            raise ConnectError(f"ssh_key: {error}; {_KEY}") from None
        if self.client and (transport := self.client.get_transport()):
            send_at_once(transport)

    State.init, SSHConnector.connect = checked, connected  # type: ignore[method-assign]


def send_at_once(transport: Transport) -> None:
    """Each packet, as OpenSSH does it. Without that, most commands wait 40 ms for a host to confirm
    what came before (Nagle's algorithm, and the confirmations that hosts put off).
    """
    through = transport.sock
    while isinstance(through, Channel):  # of a host that was given as ProxyJump
        through = through.get_transport().sock
    if isinstance(through, socket.socket):  # not the pipe of a ProxyCommand
        through.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def problem_of(named: str, hosts: list[Host]) -> str:
    """What is wrong with an inventory, the one that was named; nothing if all is well."""
    if _is_no_file(named):
        return f"{named}: there is no such inventory{_meant(named)}"
    if not hosts:
        return f"{named}: has no hosts; an inventory is a file with hosts = [(name, {{…}}), …]"
    if problems := list(_without_stack(hosts)):
        return "\n  ".join(problems)
    if any(host.data.stack.cluster for host in hosts):
        try:
            read({host.name: said_of(host) for host in hosts})
        except TopologyError as error:
            return str(error)
    return ""


def _is_no_file(named: str) -> bool:
    is_path = not named.startswith("@") and (named.endswith(".py") or "/" in named)
    return is_path and not Path(named).exists()


def _meant(named: str) -> str:
    found = sorted(str(path) for path in Path("inventories").glob("*.py"))
    if closest := get_close_matches(named, found, n=1):
        return f"; did you mean {closest[0]}?"
    return f"; give one of {', '.join(found)}" if found else ""


def _without_stack(hosts: list[Host]) -> Iterator[str]:
    for host in hosts:
        if not isinstance(getattr(host.data, "stack", None), Stack):
            yield (
                f"{host.name}: stack: is missing, so nothing says what the host should be; give it "
                '{"stack": stack(…)} in an inventory file (from deploy.settings import stack)'
            )
