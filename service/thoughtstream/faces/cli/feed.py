"""`thoughtstream feed`: turn a file or a stream of text into thoughts."""

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from thoughtstream import Mind, config
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.keys import readable
from thoughtstream.senses import pace
from thoughtstream.senses.feeding import Feeding
from thoughtstream.senses.formats import BadLine, Format, Reader
from thoughtstream.senses.lines import read_lines
from thoughtstream.senses.objects import Defaults

EXAMPLES = examples(
    "thoughtstream feed notes.txt --format paragraphs",
    "tail -f app.jsonl | thoughtstream feed - --window sensory",
    "thoughtstream feed conversation.json --format locomo --mind ana",
    "thoughtstream feed big.jsonl --rate 500",
)

_BAD_LISTED = 100


def feed(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for standard input.")],
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="By default, told by the file name or the first line."),
    ] = None,
    window: Annotated[str, typer.Option(help="For input that names none.")] = "sensory",
    rate: Annotated[
        float | None,
        typer.Option(min=0.001, max=1e6, help="Thoughts per second, whether attended or not."),
    ] = None,
    flood: Annotated[bool, typer.Option("--flood", help="As fast as Redis accepts them.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad line.")] = False,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Feed JSON Lines, plain text, a conversation or the transcript of a chat into a mind.

    Each line of JSON is an object with `content` and, optionally, window, salience, kind and any
    other fields. A message of a chat has `role`, and `content` may be a list of parts, of which the
    text counts. If salience is missing, it is estimated: 0.3 to 0.9, by what the text tells that
    this input has not said before, its length, new names, and whether it says when or how many, or
    speaks of oneself; a question tells less. By default, thoughts are fed as fast as the mind
    attends to them, so that none is displaced or expires. Exits with 1 if any line was bad.
    """
    if flood and rate is not None:
        raise typer.BadParameter("--rate and --flood are mutually exclusive")
    began = time.monotonic()
    descriptor, size = _open(file)
    source = readable(Path(file).stem) if size else None
    settings = config.load()
    defaults = Defaults.of(settings, window, source)
    reader = Reader(Path(file), format_, defaults)
    display = _Display(Path(file).name if size else "stdin", size, quiet=json)
    feeding = Feeding(reader, display.on_bad, display.on_fed, strict)
    try:
        with display.progress:
            stopped_by = event_loop.run(_feed(mind, feeding, descriptor, rate, flood))
    except (ThoughtstreamError, OSError) as error:
        said = f"{error} (thoughts fed before that: {feeding.fed:,})"
        raise exit_codes.Failed(said, exit_codes.of(error)) from None
    if stopped_by:
        raise exit_codes.Failed(f"interrupted (thoughts fed: {feeding.fed:,})", 128 + stopped_by)
    answer = _answer(feeding, display.bad, time.monotonic() - began)
    output.answer(answer, json, lambda: _show(answer))
    if feeding.bad:
        exit_codes.stop(exit_codes.FAILED)


def _open(file: str) -> tuple[int, int]:
    """A descriptor to read from, and the size in bytes (0: unknown)."""
    if file == "-":
        if sys.stdin is None:
            raise exit_codes.Failed("FILE: standard input is closed; name a file, or pipe one in")
        return sys.stdin.fileno(), 0
    try:
        descriptor = os.open(file, os.O_RDONLY)
        os.read(descriptor, 0)  # a directory can be opened, but not read
        return descriptor, os.fstat(descriptor).st_size
    except OSError as error:
        raise exit_codes.Failed(f"FILE: {file}: {error.strerror}") from None


async def _feed(
    name: str, feeding: Feeding, descriptor: int, rate: float | None, flood: bool
) -> int:
    """Feed to the end, or to a signal; returns its number."""
    running = asyncio.ensure_future(_run(name, feeding, descriptor, rate, flood))
    got: list[int] = []

    def stop(number: int) -> None:
        got.append(number)
        feeding.stopped = True
        if len(got) > 1 or not feeding.is_writing:
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    await asyncio.wait([running])
    if not running.cancelled():
        running.result()
    return got[0] if got else 0


async def _run(
    name: str, feeding: Feeding, descriptor: int, rate: float | None, flood: bool
) -> None:
    async with Mind.connect(name) as mind:
        chosen: pace.Pace = pace.Attention(mind.waiting, config.load().streams)
        if rate is not None:
            chosen = pace.Rate(rate)
        elif flood:
            chosen = pace.Flood()
        await feeding.run(read_lines(descriptor), mind.feed, chosen)


class _Display:
    """The progress bar, and the bad lines as they turn up."""

    def __init__(self, what: str, size: int, *, quiet: bool) -> None:
        self._quiet = quiet
        self.bad: list[BadLine] = []
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("[bold]{task.fields[fed]:,}[/] thoughts, {task.fields[rate]:,.0f}/s"),
            TimeElapsedColumn(),
            console=output.stderr,
            disable=quiet or not output.stderr.is_terminal,
            transient=True,
        )
        self._task = self.progress.add_task(what, total=size or None, fed=0, rate=0.0)
        self._began = time.monotonic()

    def on_bad(self, bad: BadLine) -> None:
        """Report a bad line."""
        if len(self.bad) < _BAD_LISTED:
            self.bad.append(bad)
            if not self._quiet:
                output.stderr.print(
                    f"line {bad.line}: {bad.reason}", style="yellow", markup=False, soft_wrap=True
                )

    def on_fed(self, feeding: Feeding) -> None:
        """Update the progress bar."""
        self.progress.update(
            self._task,
            completed=feeding.read_bytes * feeding.fed // feeding.read,
            fed=feeding.fed,
            rate=feeding.fed / (time.monotonic() - self._began),
        )


def _answer(feeding: Feeding, bad: list[BadLine], seconds: float) -> dict[str, Any]:
    return {
        "fed": feeding.fed,
        "bad": feeding.bad,
        "bad_lines": [{"line": item.line, "reason": item.reason} for item in bad],
        "seconds": round(seconds, 3),
        "per_second": round(feeding.fed / seconds, 1),
    }


def _show(answer: dict[str, Any]) -> None:
    took = f"{answer['seconds']:.1f} s ({answer['per_second']:,.0f}/s)"
    output.say("[green]✓[/] fed {} in {}", output.count(answer["fed"], "thought"), took)
    if answer["bad"]:
        output.say("[red]✗[/] {} skipped", output.count(answer["bad"], "bad line"))
