"""Whoever lacks numpy is told what to install."""

import subprocess
import sys


def test_without_numpy_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['numpy'] = None; import thoughtstream.inference.beliefs"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "ConfigError: inference: needs numpy; install 'thoughtstream[colony]'" in done.stderr
