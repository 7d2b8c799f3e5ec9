"""`thoughtstream export` and `import`: a mind as a file."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from json import loads
from pathlib import Path
from typing import Annotated, Any, BinaryIO, cast

import typer

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.faces.cli.progress import OnProgress, progress
from thoughtstream.faces.plain import plain
from thoughtstream.keys import MEMORY_KINDS
from thoughtstream.memory.importing import Imported

EXPORT_EXAMPLES = examples(
    "thoughtstream export ana.ndjson --mind ana",
    "thoughtstream export --mind ana | gzip > ana.ndjson.gz",
)
IMPORT_EXAMPLES = examples(
    "thoughtstream import ana.ndjson --mind ana",
    "gunzip -c ana.ndjson.gz | thoughtstream import - --mind ana",
)
_NEW, _OWN = os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600


def export(
    file: Annotated[
        str, typer.Argument(metavar="FILE|-", help="Where to; - for standard output.")
    ] = "-",
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Write all that a mind remembers and has forgotten to a file, as lines of JSON.

    The last line has a checksum; a file without it is refused by `import`. FILE is there only once
    it is whole, and can be read by its owner alone. With --json, what was written to FILE is
    printed on standard output.
    """
    if file == "-":
        if sys.stdout is None:
            raise exit_codes.Failed("FILE: standard output is closed; name a file")
        with progress("exporting", quiet=json) as on_progress:
            event_loop.run(_export(mind, sys.stdout.buffer, on_progress))
        return
    path = Path(file)
    if not path.name or (path.exists() and not path.is_file()):
        raise exit_codes.Failed(f"FILE: {file!r}: is no regular file; name one, or - for stdout")
    part = path.with_name(f"{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        with (
            os.fdopen(os.open(part, _NEW, _OWN), "wb") as out,
            progress("exporting", quiet=json) as on_progress,
        ):
            found = event_loop.run(_export(mind, out, on_progress))
            os.fsync(out.fileno())
        if path.exists() and not any(found["counts"].values()):
            raise exit_codes.Failed(f"{mind}: has nothing to export; {file} stays as it was")
        part.replace(path)
    except OSError as error:
        raise exit_codes.Failed(f"FILE: {file}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)
    counts = found["counts"]
    forgotten = output.count(counts["forgotten"], "forgotten thought")
    memories = sum(counts[kind] for kind in MEMORY_KINDS)
    said = f"exported {output.count(memories, 'memory', 'memories')} and {forgotten} to"
    summary = ("mind", "taken_at", "counts", "lines", "sha256")
    output.done({"file": file} | {name: found[name] for name in summary}, json, said, file)


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A file, or - for standard input.")],
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Import what `export` wrote; ids and dates are kept, what is there already is skipped.

    Nothing is written unless the whole file is right. If it was interrupted, run it again.
    """
    try:
        with _readable(file) as source, progress("importing", quiet=json) as on_progress:
            done = event_loop.run(_import(mind, source, on_progress))
    except OSError as error:
        raise exit_codes.Failed(f"FILE: {file}: {error.strerror}") from None
    output.answer({"into": mind, **plain(done)}, json, lambda: _show(done))
    if done.conflicting:
        exit_codes.stop(exit_codes.FAILED)


async def _export(name: str, out: BinaryIO, on_progress: OnProgress) -> dict[str, Any]:
    """What its first and last lines say."""
    first: dict[str, Any] = {}
    line, number, total = "", 0, 0
    async with Mind.connect(name) as mind:
        async for line in mind.export():
            first = first or loads(line)
            total = sum(first["counts"].values())
            try:
                out.write(line.encode())
            except BrokenPipeError:
                raise exit_codes.ReaderGone from None
            on_progress(min(number, total), total)
            number += 1
    try:
        out.flush()
    except BrokenPipeError:
        raise exit_codes.ReaderGone from None
    last: dict[str, Any] = loads(line)
    return first | last


async def _import(name: str, source: BinaryIO, on_progress: OnProgress) -> Imported:
    async with Mind.connect(name) as mind:
        return await mind.import_from(source, on_progress=on_progress)


@contextmanager
def _readable(file: str) -> Iterator[BinaryIO]:
    """A file that can be read twice."""
    if file != "-":
        with Path(file).open("rb") as opened:
            yield opened
        return
    if sys.stdin is None:
        raise exit_codes.Failed("FILE: standard input is closed; name a file, or pipe one in")
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(sys.stdin.buffer, copy)
        yield cast(BinaryIO, copy)


def _show(done: Imported) -> None:
    forgotten = output.count(done.forgotten, "forgotten thought")
    memories = output.count(done.memories, "memory", "memories")
    known = f"{done.known:,}"
    output.say("[green]✓[/] imported {} and {}; {} were here already", memories, forgotten, known)
    if done.left_out:
        left_out = output.count(done.left_out, "forgotten thought")
        output.say("{} had no room here (streams.unconscious_maxlen)", left_out)
    for id_ in done.conflicting:
        output.stdout.print("[red]✗[/] is here with another content, which stays:", end=" ")
        output.stdout.print(style.text(id_))
