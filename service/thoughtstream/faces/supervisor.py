"""Whoever started a process and waits to hear that it is ready: systemd, or `up --detach`."""

import os
import socket
from contextlib import suppress

ADDRESS = "NOTIFY_SOCKET"


def notify(state: str) -> None:
    """Notify it, if there is one. Source: sd_notify(3)."""
    address = os.environ.get(ADDRESS)
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to, suppress(OSError):
        to.connect("\0" + address[1:] if address.startswith("@") else address)
        to.send(state.encode())
