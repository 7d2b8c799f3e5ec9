"""What a host tells of a log that was frozen, by a shell that runs here."""

import subprocess
from pathlib import Path

import pytest

from deploy.backups.append_only_file import LOG, summary, summed
from deploy.runtimes import server_runtime_of
from deploy.settings import stack

from .facts import DEBIAN

SET = b"*1\r\n$4\r\nPING\r\n"


@pytest.mark.parametrize(
    ("content", "since"),
    [
        (b"#TS:1000\r\n" + SET + b"#TS:1002\r\n" + SET, 1000),
        (SET + b"\xff\x00#TS:7\r\n#TS:1002\r\n" + SET, 1002),
        (SET, None),
        (b"", None),
    ],
)
def test_a_log_can_be_cut_from_its_first_timestamp_on(
    content: bytes, since: int | None, tmp_path: Path
) -> None:
    log = tmp_path / LOG
    log.mkdir()
    (log / "a.manifest").write_text(
        "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\n"
    )
    (log / "a.1.base.rdb").write_bytes(b"base")
    (log / "a.1.incr.aof").write_bytes(content)
    (instance,) = server_runtime_of(stack(runtime="native"), DEBIAN).instances()

    said = subprocess.run(
        summary(instance, str(tmp_path)), shell=True, check=True, capture_output=True, text=True
    ).stdout

    files, found = summed(said)
    assert found == since
    assert files["a.1.incr.aof"].bytes == len(content)
