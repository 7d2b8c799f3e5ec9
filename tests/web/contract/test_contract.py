"""Whatever HTTP is asked, it has no fault, and no answer is other than `/openapi.json` says."""

import re
from pathlib import Path

import pytest

from tests.web.contract.asking import ask
from tests.web.contract.stack import stack

pytestmark = pytest.mark.slow

_LEAST = 1500


def test_every_answer_is_as_it_is_described(tmp_path: Path) -> None:
    with stack(tmp_path) as web:
        asked = ask(web, "--max-examples", "4", "--generation-deterministic")
    told = asked.stdout + asked.stderr
    assert asked.returncode == 0, told
    cases = re.search(r"(\d+) generated", told)
    assert cases and int(cases[1]) > _LEAST, told
    links = re.search(r"API Links:\s+(\d+) covered", told)
    assert links and int(links[1]) > 0, told
