"""`thoughtstream recall`: find memories."""

import re
from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from thoughtstream import Mind
from thoughtstream.faces.cli import event_loop, output, style
from thoughtstream.faces.cli.options import DEFAULT_MIND, Json, MindName, examples
from thoughtstream.keys import Kind
from thoughtstream.language.times import Span
from thoughtstream.language.words import Query, stems
from thoughtstream.memory.features import FEATURES, MEANING
from thoughtstream.memory.models import Memory, Reason, Recalled
from thoughtstream.memory.query import InvalidRecall, RecallQuery, moment

EXAMPLES = examples(
    'thoughtstream recall "charity race"',
    'thoughtstream recall "pottery class" --limit 3 --context 1 --mind ana',
    'thoughtstream recall "invoice" --source mail --field role=user',
    'thoughtstream recall "holiday" --who Ana --on "last July"',
    'thoughtstream recall "disk" --since 2026-01-31T08:00 --json',
    'thoughtstream recall "what does she like?" --limit 3 --explain',
)

_TOLD = FEATURES | MEANING
CUT = 0.05
"""What has none of the words, and less than this share of the best score, only stood beside it."""


_NO_SCORE = " " * 7


def _help(field: str) -> str | None:
    return RecallQuery.model_fields[field].description


def _first(text: str) -> datetime:
    return _moment(text, is_end=False)


def _last(text: str) -> datetime:
    return _moment(text, is_end=True)


def _moment(text: str, *, is_end: bool) -> datetime:
    try:
        return moment(text, is_end=is_end)
    except InvalidRecall as error:
        raise typer.BadParameter(f"{text!r:.80} {error}") from None


def recall(
    query: Annotated[str, typer.Argument(help=_help("query"))],
    limit: Annotated[int, typer.Option(min=1, help=_help("limit"))] = 10,
    offset: Annotated[int, typer.Option(min=0, help=_help("offset"))] = 0,
    kind: Annotated[Kind | None, typer.Option(help=_help("kind"))] = None,
    window: Annotated[str | None, typer.Option(help=_help("window"))] = None,
    since: Annotated[
        datetime | None, typer.Option(metavar="TIME", parser=_first, help=_help("since"))
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(metavar="TIME", parser=_last, help=_help("until"))
    ] = None,
    on: Annotated[str | None, typer.Option(metavar="DAY", help=_help("on"))] = None,
    who: Annotated[str | None, typer.Option(metavar="NAME", help=_help("who"))] = None,
    source: Annotated[str | None, typer.Option(help=_help("source"))] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help=_help("fields"))
    ] = None,
    context: Annotated[int, typer.Option(min=0, help=_help("context"))] = 0,
    explain: Annotated[bool, typer.Option("--explain", help=_help("explain"))] = False,
    mind: MindName = DEFAULT_MIND,
    json: Json = False,
) -> None:
    """Find memories, best match first: when each was said, by whom, and which days it is about.

    Names and days in the question count, too: "what did Ana do in July?"

    Each line begins with its share of the best score. Words that match are bold. What has none of
    them comes last, after a ~: it stood beside, and what was said just before and after may tell
    what is meant. Below 0.05 it is left out, but not with --json or --explain.

    An attended thought becomes a memory when its 5 seconds are over.
    """
    asked = RecallQuery.of(
        query, limit=limit, offset=offset, kind=kind, window=window, context=context,
        source=source,
        fields=_fields(field or []), on=on, who=who, explain=explain,
        since=since, until=until,
    )  # fmt: skip
    found = event_loop.run(_recall(mind, asked))
    memories = [memory.model_dump(mode="json") for memory in found]
    answer = {"mind": mind, "query": query, "memories": memories}
    output.answer(answer, json, lambda: _show(found, query, explain))


def _fields(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if not all(name and equals for name, equals, _ in pairs):
        raise typer.BadParameter("--field: give NAME=VALUE, like role=user")
    return {name: value for name, _, value in pairs}


async def _recall(name: str, asked: RecallQuery) -> list[Recalled]:
    async with Mind.connect(name) as mind:
        return await mind.recall(asked)


def told(found: list[Recalled], query: str, whole: bool = False) -> list[tuple[Recalled, str]]:
    """What is shown to a person, with the word on why: what answers, then what only stood beside.

    `whole`: nothing is left out.
    """
    best = max((memory.score for memory in found), default=0.0) or 1.0
    with_words = [bool(marked(memory.content, query).spans) for memory in found]
    answers = [
        (memory, f"  {memory.score / best:.2f} ")
        for memory, has in zip(found, with_words, strict=True)
        if has
    ]
    beside = [
        (memory, f"~ {memory.score / best:.2f} ")
        for memory, has in zip(found, with_words, strict=True)
        if not has and (whole or memory.score >= best * CUT)
    ]
    return answers + beside


def _show(found: list[Recalled], query: str, whole: bool) -> None:
    if not found:
        output.stdout.print(
            "Nothing comes to mind. [dim]What was just attended becomes a memory in 5 seconds.[/]"
        )
    shown = told(found, query, whole)
    for number, (memory, why) in enumerate(shown):
        if number and (memory.context_before or memory.context_after):
            output.stdout.print()
        for neighbour in memory.context_before:
            _line(neighbour, query, _NO_SCORE)
        _line(memory, query, why)
        for reason in memory.reasons:
            _reason(reason)
        for neighbour in memory.context_after:
            _line(neighbour, query, _NO_SCORE)
    if left_out := len(found) - len(shown):
        said = "[dim]{} without a word of the question left out; --explain shows all[/]"
        output.say(said, left_out)


def _line(memory: Memory, query: str, why: str) -> None:
    said_at = (output.moment(memory.said_at), "dim")
    line = Text.assemble((why, "dim"), said_at, " ", style.window(memory.window, 10), " ")
    if (who := memory.speaker) and not memory.content.startswith(f"{who}:"):
        line.append_text(style.text(f"{who}:")).append(" ")
    line.append(marked(memory.content, query))
    if about := ", ".join(map(_days, memory.about)):
        line.append(f" (about {about})", style="dim")
    if not why.startswith(" ") or why == _NO_SCORE:
        line.stylize("dim")
    output.stdout.print(line, soft_wrap=True)


def _reason(reason: Reason) -> None:
    sum_ = f"{reason.share:+6.2f} = {reason.value:5.2f} x {reason.weight:5.2f}"
    line = Text.assemble(f"    {sum_}  ", (reason.feature, "bold"), f": {_TOLD[reason.feature]}")
    line.stylize("dim")
    output.stdout.print(line, soft_wrap=True)


def _days(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first} to {span.last}"


def marked(content: str, query: str) -> Text:
    """Content with the words of the query in bold, in whatever form they appear."""
    asked = {form for term in Query.of(query).terms for form in term.forms}
    shown = style.text(content)
    for run in re.finditer(r"\w+", shown.plain):
        for found in asked.intersection(stems(run[0])):
            start, end = run.span()
            if not found.isascii() and (at := run[0].find(found)) >= 0:  # no spaces between words
                start, end = start + at, start + at + len(found)
            shown.stylize("bold", start, end)
    return shown
