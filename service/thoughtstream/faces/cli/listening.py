"""What `thoughtstream colony listen` does, and how it is shown."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from thoughtstream import Colony
from thoughtstream.attention.models import NewThought
from thoughtstream.config import Settings
from thoughtstream.faces.cli import exit_codes, output, style
from thoughtstream.senses.formats import Reader
from thoughtstream.senses.objects import Defaults
from thoughtstream.thoughtseeds import loop
from thoughtstream.thoughtseeds.state import State

_SHOWN = 10


def thoughts(settings: Settings, file: Path) -> list[str]:
    """What is said in a file; lines that can be no thought are left out.

    Raises:
        Failed: it can't be read.
    """
    try:
        lines = file.read_bytes().split(b"\n")
    except OSError as error:
        raise exit_codes.Failed(f"FILE: {file}: {error.strerror}") from None
    reader = Reader(file, None, Defaults.of(settings, "sensory", file.stem))
    found = (*reader.read(enumerate(lines, 1)), *reader.end())
    return [one.content for one in found if isinstance(one, NewThought)]


async def listen(settings: Settings, texts: list[str], mind: str) -> dict[str, Any]:
    """Have the seeds listen to these; the answer of the command."""
    async with Colony.connect(settings=settings) as colony:
        done = await loop.run(colony, settings, mind, texts)
        basins = await State(colony.redis, mind).basins(_SHOWN)
    return {"mind": mind, **asdict(done), "basins": basins}


def show(found: dict[str, Any]) -> None:
    """Print it for a person."""
    heard = output.count(found["moments"], "moment")
    output.say("[green]✓[/] heard {}, sent {}", heard, output.count(found["packets"], "packet"))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for part, value in found["level"].items():
        table.add_row(part, f"{value:.2f}")
    if found["flow"]:
        table.add_row("flow", found["flow"]["label"])
    for seed, times in found["winners"].items():
        table.add_row(f"won by {seed}", f"{times:,}")
    for concept, depth in found["basins"].items():
        table.add_row("basin", f"{depth:.2f}", style.text(concept.rpartition(" |")[0]))
    output.stdout.print(table)
