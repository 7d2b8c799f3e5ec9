"""`deploy.status`: tells how all hosts are, and ends the run, which has nothing to do."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from pyinfra.api.exceptions import DeployError

from deploy.backups.repository import default_repository
from deploy.run_state import run_state
from deploy.status.reading import statuses
from deploy.status.table import table

_ANSWERS = {"yes": True, "no": False, True: True, False: False}


def tell(as_json: object, backups: object) -> None:
    """Prints a table, or one JSON document; the exit code is 1 where a host isn't healthy.

    Raises:
        DeployError: it is asked for in words that we don't know.
        SystemExit: in the end.
    """
    if not isinstance(as_json, str | bool) or as_json not in _ANSWERS:
        raise DeployError(f"json: is {as_json!r}; say yes or no")
    repository = default_repository() if backups is None else Path(str(backups)).expanduser()
    run_state().once("status", lambda: _told(repository, as_json=_wants_json(as_json)))


def _told(repository: Path, *, as_json: bool) -> None:
    found = statuses(repository)
    if as_json:
        click.echo(json.dumps([each.to_json() for each in found], indent=2))
    else:
        for line in table(found, datetime.now(UTC)):
            click.echo(line)
    raise SystemExit(0 if all(each.is_well for each in found) else 1)


def _wants_json(said: str | bool) -> bool:
    """So says `json=yes`, or pyinfra's own `--json`."""
    return _ANSWERS[said] or "--json" in sys.argv
