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
        _install_old_redis()
        images.prepare(client)
    client.close()


def _install_old_redis() -> None:
    """This Debian's own redis-server, for tests against an older one; not left running."""
    if debian.install("redis-server"):
        subprocess.run(["service", "redis-server", "stop"], check=False)
        subprocess.run(["update-rc.d", "redis-server", "disable"], check=True)


main()
