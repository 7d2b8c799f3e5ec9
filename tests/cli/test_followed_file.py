"""What the service says goes on in a new file once its log was rotated."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, sys
import structlog
from thoughtstream.faces.cli import logging_setup

logging_setup.log_to_stderr("json", 20)
log = structlog.get_logger()
log.info("before")
{between}
log.info("after")
print("beside", file=sys.stderr, flush=True)
"""


def logged(path: Path, between: str) -> None:
    with path.open("a") as file:
        subprocess.run(
            [sys.executable, "-c", PROGRAM.format(between=between)], stderr=file, check=True
        )


def test_a_rotated_log_is_followed(tmp_path: Path) -> None:
    log, old = tmp_path / "service.log", tmp_path / "service.log.0"

    logged(log, f"os.rename({str(log)!r}, {str(old)!r})")

    assert "before" in old.read_text() and "after" not in old.read_text()
    assert "after" in log.read_text() and "beside" in log.read_text()


def test_one_that_is_gone_with_its_folder_stops_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()

    logged(folder / "service.log", f"import shutil; shutil.rmtree({str(folder)!r})")


def test_one_that_stays_has_all(tmp_path: Path) -> None:
    log = tmp_path / "service.log"

    logged(log, "")

    assert [word in log.read_text() for word in ("before", "after", "beside")] == [True] * 3
