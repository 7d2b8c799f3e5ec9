"""A cluster is one thing: no verb is done on a part of its hosts."""

import subprocess
import sys
from pathlib import Path

import pytest

INVENTORY = """
from deploy.settings import stack

_wanted = {"stack": stack(runtime="native", cluster={}), "fake_delay": 0}
hosts = [(f"@fake/n{n}", _wanted | {"address": f"10.0.0.{n}"}) for n in (1, 2, 3)]
"""


@pytest.mark.parametrize("verb", ["stack", "backup", "restart"])
def test_a_part_of_a_cluster_is_refused(verb: str, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.py"
    inventory.write_text(INVENTORY)
    limited = ["-y", "--limit", "@fake/n2", str(inventory), f"deploy.{verb}"]

    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", *limited],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "@fake/n1, @fake/n3: a cluster needs all its hosts; run without --limit" in done.stderr
    assert "Traceback" not in done.stderr
