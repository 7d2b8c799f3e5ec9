"""Whoever lacks numpy is told what to install, and needs it for nothing else."""

import subprocess
import sys

CODE = """
import sys
sys.modules["numpy"] = None
import thoughtstream.service, thoughtstream.sync.colony, thoughtstream.faces.cli.beliefs
from thoughtstream import Colony
from thoughtstream.config import Settings
Colony(None, Settings()).lineage()
"""


def test_without_numpy_it_says_what_to_install() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    last = done.stderr.splitlines()[-1]
    assert "ConfigError: inference: needs numpy; install 'thoughtstream[colony]'" in last
