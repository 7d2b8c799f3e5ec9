"""Ctrl-C while a verb runs."""

import signal

import click
import gevent

_BY_SIGINT = 128 + signal.SIGINT
_SAID = (
    "Interrupted. A command that has started on a host may still be running there, and the lock "
    "stays behind; run the same verb again to resume."
)


def end_at_ctrl_c() -> None:
    """Ctrl-C ends this process with exit code 130, so that scripts can tell. pyinfra would exit
    with 0, or sometimes not at all, because it raises in whichever greenlet is running. A second
    Ctrl-C ends it immediately.
    """
    if signal.getsignal(signal.SIGINT) not in (_pressed, signal.SIG_DFL):
        signal.signal(signal.SIGINT, _pressed)


def _pressed(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gevent.get_hub().loop.run_callback_threadsafe(_end)


def _end() -> None:
    """Called by gevent's loop, which raises the exit in the main greenlet."""
    click.echo(_SAID, err=True)
    raise SystemExit(_BY_SIGINT)
