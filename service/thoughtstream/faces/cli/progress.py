"""A progress bar for what counts how much of it is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from thoughtstream.faces.cli import output

OnProgress = Callable[[int, int], None]
"""Called with how many are done, and how many there are."""


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[OnProgress]:
    """A bar on stderr while the context lasts; none if `quiet`, or where nobody looks."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=output.stderr,
        disable=quiet or not output.stderr.is_terminal,
        transient=True,
    )
    task = bar.add_task(what, total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)
