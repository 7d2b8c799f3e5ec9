"""The command line `thoughtstream`: a file a command, each thin: parse, call, print."""

from thoughtstream.faces.cli.app import main

__all__ = ["main"]
