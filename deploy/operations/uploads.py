"""Files of this machine on their way to a host: through a folder that nobody else there can enter.

A name in /tmp, where pyinfra uploads to, can be told beforehand: root would copy from there what
anybody may have put under it (pyinfra#1085). On this machine itself, pyinfra takes a name that
nobody can tell, of a file that only we can write.
"""

from pathlib import Path
from shlex import quote
from typing import IO, Any

from pyinfra.connectors.local import LocalConnector
from pyinfra.context import host
from pyinfra.operations import files, server

from deploy.facts.machine import MachineFact
from deploy.layout import UPLOADS
from deploy.run_state import run_state

_AS_LOGIN: dict[str, Any] = {"_sudo": False, "_su_user": None, "_doas": False}


def upload(name: str, source: Path | IO[Any], to: str, **options: Any) -> None:
    """Puts a file there. `options`: as those of pyinfra's `files.put`."""
    files.put(
        name=name,
        src=str(source) if isinstance(source, Path) else source,
        dest=to,
        create_remote_dir=False,
        _temp_dir=private_folder(),
        **options,
    )


def private_folder() -> str | None:
    """Where uploads go first; made when it is first needed. None on this machine itself."""
    if issubclass(host.connector_cls, LocalConnector):
        return None
    return run_state().once(f"uploads of {host.name}", _make_folder)


def _make_folder() -> str:
    folder = f"{host.get_fact(MachineFact).home}/{UPLOADS}"
    made = f"mkdir -p {quote(folder)} && chmod 700 {quote(folder)}"
    server.shell(name="make a private folder for uploads", commands=[made], **_AS_LOGIN)
    return folder
