"""As many cases as you like, other ones each time.

    uv run python -m tests.web.contract [--cases 10000]

Ends with 1 if anything is not as it is said to be.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.web.contract.asking import ask
from tests.web.contract.stack import stack

_OF_ONE_EXAMPLE = 80
"""Cases, about."""


def main() -> int:
    """Ask, and tell what was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.contract", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="about; default: %(default)s")
    cases: int = parser.parse_args().cases
    examples = str(max(cases // _OF_ONE_EXAMPLE, 1))
    with tempfile.TemporaryDirectory() as directory, stack(Path(directory)) as web:
        options = ("--generation-database", "none", "--max-examples", examples)
        return ask(web, *options, is_shown=True).returncode


if __name__ == "__main__":
    sys.exit(main())
