"""`python -m tests.lab prepare | clean`: the lab by hand."""

import argparse
import logging

from . import images
from .engine import engine, sweep


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("verb", choices=("prepare", "clean"), help="build images; remove leftovers")
    verb = parser.parse_args().verb
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    client = engine()
    sweep(client)
    if verb == "prepare":
        images.prepare(client)
    client.close()


main()
