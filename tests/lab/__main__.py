"""`python -m tests.lab prepare | clean`: the lab by hand."""

import argparse
import logging
import subprocess

from . import debian, images
from .engine import engine, sweep


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    verbs = {
        "prepare": "set up what tests need; kept for the next run",
        "clean": "remove what crashed runs left",
    }
    parser.add_argument("verb", choices=verbs, help=str(verbs))
    verb = parser.parse_args().verb
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    client = engine()
    sweep(client)
    if verb == "prepare":
        _install_without_running("redis-server", "an older Redis to test against")
        _install_without_running("prometheus", "promtool, which tries our alerts")
        images.prepare(client)
    client.close()


def _install_without_running(package: str, why: str) -> None:
    """A package of this Debian of which only the programs are needed, not its service."""
    if debian.install(package):
        logging.info("%s is installed: %s", package, why)
        subprocess.run(["service", package, "stop"], check=False)
        subprocess.run(["update-rc.d", package, "disable"], check=True)


main()
