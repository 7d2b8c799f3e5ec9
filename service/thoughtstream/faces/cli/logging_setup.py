"""Where logs go, and in which form."""

import logging
import sys
from typing import Any, TextIO, cast

import structlog

from thoughtstream import discretion
from thoughtstream.faces.cli.followed_file import followed_stderr


def log_to_stderr(form: str = "console", level: int = logging.WARNING) -> None:
    """Logs go to stderr, readable or as JSON lines; stdout is for answers."""
    if form == "json":
        rendering: list[Any] = [
            structlog.processors.format_exc_info,
            _discreet,
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        rendering = [
            _discreet,
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=24,
                # rich's would show the local variables
                exception_formatter=structlog.dev.plain_traceback,
            ),
        ]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *rendering,
            _discreet_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, followed_stderr())),
    )


def _discreet(_: Any, __: str, event: Any) -> Any:
    return discretion.all_without_secrets(event)


def _discreet_line(_: Any, __: str, line: Any) -> str:
    """Also what only the renderer has made text."""
    return discretion.without_secrets(str(line))
