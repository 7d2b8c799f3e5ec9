"""Has schemathesis ask a web process."""

import os
import subprocess
import sys
from pathlib import Path

from tests.web.served import Web

_PROGRAM = Path(sys.executable).with_name("schemathesis")
_CONFIG = Path(__file__).with_name("schemathesis.toml")
_LEFT_OUT = ("positive_data_acceptance",)
"""What is well-formed may still be refused: a thought that isn't there, a lease that is over."""


def ask(web: Web, *options: str, is_shown: bool = False) -> subprocess.CompletedProcess[str]:
    """Ask for all that is described, in all phases, under all checks; 1: something is amiss.

    `is_shown`: while it is asked, rather than in what is returned.
    """
    command: tuple[str | Path, ...] = (
        _PROGRAM, "--config-file", _CONFIG, "run", f"{web.url}/openapi.json",
        "--header", f"Authorization: Bearer {web.token}",
        "--exclude-checks", ",".join(_LEFT_OUT),
        "--request-timeout", "20", "--no-color", *options,
    )  # fmt: skip
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.web.contract.hooks", "COLUMNS": "120"}
    return subprocess.run(
        command, env=environment, capture_output=not is_shown, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
