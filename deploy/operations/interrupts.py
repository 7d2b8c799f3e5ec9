"""Ctrl-C while a verb runs."""

import signal

import click
import gevent

_BY_SIGINT = 128 + signal.SIGINT
_SAID = (
    "Interrupted. A command that a host has begun may still end there, and a lock that was taken "
    "stays; run the same verb again: it goes on."
)


def end_at_ctrl_c() -> None:
    """Ctrl-C ends this process, and tells a script so: with 130. pyinfra would end with 0, or now
    and then not at all, for it raises in whichever greenlet runs. Once more ends it at once.
    """
    if signal.getsignal(signal.SIGINT) not in (_pressed, signal.SIG_DFL):
        signal.signal(signal.SIGINT, _pressed)


def _pressed(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gevent.get_hub().loop.run_callback_threadsafe(_end)


def _end() -> None:
    """Called by gevent's loop, which raises it in the main greenlet."""
    click.echo(_SAID, err=True)
    raise SystemExit(_BY_SIGINT)
