"""A pytest plugin for CI (`-p tests.unclosed`): a socket that nobody closed says who made it.

Python notices it when garbage is collected, often many tests later: the test that then fails is
seldom the one.
"""

import os
import socket
import sys
from asyncio import selector_events
from typing import Any

_FRAMES = 25


class _Known(socket.socket):
    """A socket that knows the test and the frames it was made in."""

    __slots__ = ("_made",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._made = _where()
        super().__init__(*args, **kwargs)

    def __repr__(self) -> str:
        return f"{super().__repr__()}, made by {self._made}"


def _where() -> str:
    """`<test>: <function> <file>:<line> < its caller < …`, innermost first, as far as the test."""
    frame: Any = sys._getframe(2)
    frames: list[str] = []
    while frame is not None and len(frames) < _FRAMES:
        code = frame.f_code
        if "/_pytest/" in code.co_filename:
            break
        frames.append(f"{code.co_name} {code.co_filename.rpartition('/')[2]}:{frame.f_lineno}")
        frame = frame.f_back
    return f"{os.environ.get('PYTEST_CURRENT_TEST')}: {' < '.join(frames)}"


def pytest_configure() -> None:
    """Every process of xdist is configured, too."""
    transport: Any = selector_events._SelectorTransport  # type: ignore[attr-defined]
    as_before = transport.__repr__
    socket.socket = _Known  # type: ignore[misc]
    transport.__repr__ = lambda self: f"{as_before(self)} of {self._sock!r}"
