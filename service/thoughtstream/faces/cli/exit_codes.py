"""The exit codes of all commands, and how a command ends with one of them."""

from typing import NoReturn

import typer

from thoughtstream.errors import ConfigError

OK = 0
FAILED = 1
"""It could not be done, or a check failed (status, audit, doctor, bad lines in feed)."""
USAGE = 2
"""An unknown command or option, or a malformed value; typer ends with it by itself."""
BAD_CONFIG = 78
"""The settings are wrong; EX_CONFIG of sysexits.h. Restarting the service would not help."""
INTERRUPTED = 130
"""Ctrl-C: 128 + SIGINT."""
TERMINATED = 143
"""A second SIGTERM, where the first one ends a command in good order: 128 + SIGTERM."""


class Failed(Exception):
    """Ends the command: a message of one line, and the exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


class ReaderGone(Exception):
    """Whoever read our output has closed it: there is nothing more to say."""


def of(error: Exception) -> int:
    """How a command ends that ran into this: all alike."""
    return BAD_CONFIG if isinstance(error, ConfigError) else FAILED


def stop(code: int) -> NoReturn:
    """End with an exit code."""
    raise typer.Exit(code)
