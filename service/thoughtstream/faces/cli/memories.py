"""`thoughtstream memories …`: list memories; read, supersede, forget or erase one."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from rich.text import Text

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples, pairs
from thoughtstream.faces.plain import plain
from thoughtstream.keys import STANDARD_WINDOWS, Kind
from thoughtstream.memory.letting_go import Erased
from thoughtstream.memory.models import Memory
from thoughtstream.memory.reading import Whole

T = TypeVar("T")
MemoryId = Annotated[
    str, typer.Argument(metavar="MEMORY", help="Its id or place, as `list` and `recall` show it.")
]
By = Annotated[str | None, typer.Option(help="Who asks for it; kept with the memory.")]


def _run(name: str, do: Callable[[Mind], Coroutine[Any, Any, T]]) -> T:
    async def connected() -> T:
        async with Mind.connect(name) as mind:
            return await do(mind)

    return event_loop.run(connected())


def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number to show.")] = 20,
    kind: Annotated[Kind | None, typer.Option(help="Only memories of this kind.")] = None,
    before: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The page after this one (older).")
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="PLACE", help="The page before this one (newer).")
    ] = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """List memories, the newest first."""
    found = _run(mind, lambda it: it.memories(limit=limit, kind=kind, before=before, after=after))
    next_ = found[-1].place if len(found) == limit else None
    memories = [memory.model_dump(mode="json") for memory in found]
    answer = {"mind": mind, "memories": memories, "next": next_}
    of_kind = ("--kind", kind) if kind else ()
    more = ("memories", "list", *of_kind, "--before", next_) if next_ else ()
    output.answer(answer, json, lambda: _show_page(mind, found, more))


def show(memory: MemoryId, mind: MindName = DEFAULT_MIND, json: Json = False) -> None:
    """Show a memory with all its fields, and where it is from."""
    found = _run(mind, lambda it: it.memory(memory))
    output.answer(found.model_dump(mode="json"), json, lambda: _show_whole(found))


def supersede(
    memory: MemoryId,
    content: Annotated[str, typer.Argument(help="What is true now.")],
    kind: Annotated[
        Kind | None, typer.Option(help="Its kind; otherwise that of the old one.")
    ] = None,
    window: Annotated[str, typer.Option(help="Where it is from.")] = STANDARD_WINDOWS[0],
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Another field of it.")
    ] = None,
    by: By = None,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Put a new memory in the place of one; the old one is forgotten, and can be taken back."""
    fields: dict[str, Any] = pairs(field or [], "--field")
    id_ = _run(
        mind,
        lambda it: it.supersede(memory, content, by=by, window=window, kind=kind, **fields),
    )
    output.done({"id": id_, "supersedes": memory}, json, "is remembered instead:", id_)


def forget(
    memory: MemoryId, by: By = None, mind: MindName = DEFAULT_MIND, json: Json = False
) -> None:
    """Forget a memory: it is not recalled any more, and can be taken back."""
    entry = _run(mind, lambda it: it.forget(memory, by=by))

    def show_it() -> None:
        output.say("[green]✓[/] forgotten {}", memory)
        output.say_next("To have it back", "take-back", entry, mind=mind)

    output.answer({"id": memory, "entry": entry}, json, show_it)


def erase(
    memory: MemoryId,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Erase a memory for good, forgotten or not: all copies of it, and what others know of it.

    Only counts are left. It says where the text remains, and for how long.
    """
    if not yes:
        would = _run(mind, lambda it: it.erase(memory, dry_run=True))
        if json:
            raise exit_codes.Failed("erase: can't be undone; confirm it with --yes")
        output.say("Erase for good: {} ({})", memory, _counts(would))
        typer.confirm("It can't be undone. Go on?", abort=True)
    erased = _run(mind, lambda it: it.erase(memory))
    output.answer({"id": memory, **plain(erased)}, json, lambda: _show_erased(erased))


def _show_page(mind: str, found: list[Memory], more: tuple[str, ...]) -> None:
    if not found:
        output.stdout.print("No memories here.")
    for memory in found:
        line = Text(f"{output.moment(memory.said_at)}  {memory.kind:<10}  ", style="dim")
        line.append_text(style.window(memory.window, 10)).append("  ")
        line.append_text(style.text(memory.content))
        output.stdout.print(line, soft_wrap=True)
        output.say("[dim]  {}[/]", memory.id if "@" in memory.id else memory.place)
    if more:
        output.say_next("More", *more, mind=mind)


def _show_whole(found: Whole) -> None:
    output.stdout.print(style.text(found.content), soft_wrap=True)
    rest = found.model_dump(mode="json", exclude={"content", "fields", "provenance", "about"})
    for part in (rest, found.fields, found.provenance.model_dump(mode="json")):
        for name, value in part.items():
            if value not in (None, {}, []):
                output.say("[dim]  {}: {}[/]", name, value)


def _counts(erased: Erased) -> str:
    memories = output.count(erased.memories, "memory", "memories")
    return f"{memories}, {output.count(erased.copies, 'copy', 'copies')}"


def _show_erased(erased: Erased) -> None:
    output.say("[green]✓[/] erased: {}", _counts(erased))
    for id_ in erased.derived:
        output.say("[dim]  came of it and stays: {}[/]", id_)
    for where in erased.remains:
        output.say("[dim]  remains in {}[/]", where)


COMMANDS: dict[Callable[..., Any], str] = {
    list_: examples(
        "thoughtstream memories list",
        "thoughtstream memories list --kind semantic --limit 5 --mind ana",
        "thoughtstream memories list --before episodic/1700000000000-0 --json",
    ),
    show: examples("thoughtstream memories show 1700000000000-0@sensory"),
    supersede: examples(
        'thoughtstream memories supersede 1700000000000-0@sensory "Anna lives in Porto" --by ana',
        'thoughtstream memories supersede 1700000000000-0@sensory "tea: 3 min" --field source=me',
    ),
    forget: examples("thoughtstream memories forget 1700000000000-0@sensory --by ana"),
    erase: examples(
        "thoughtstream memories erase 1700000000000-0@sensory",
        "thoughtstream memories erase 1700000000000-0@sensory --yes --json",
    ),
}
