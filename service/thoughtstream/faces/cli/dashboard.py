"""The dashboard of a mind that `watch` draws, for any size of terminal."""

from collections import deque
from datetime import datetime
from itertools import pairwise

from rich import box
from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.attention.state import Candidate, MindState, Remembered
from thoughtstream.errors import RedisUnavailable
from thoughtstream.faces.cli import style
from thoughtstream.memory.models import Location, attended_at

_HISTORY = 40
_STILL_MS = 2000
_SPARKS = " ▁▂▃▄▅▆▇█"
_CLOCK = 10
_WIDE = 100
_NAME = 10


class Dashboard:
    """Keeps enough of the previous states to draw rates and curves."""

    def __init__(self, mind: str, keys: str = "") -> None:
        """`keys`: what the keys do, for the last line."""
        self._mind = mind
        self._keys = keys
        self._states: deque[MindState] = deque(maxlen=_HISTORY)
        self._trouble = ""
        self._moved_ms = 0

    def add(self, state: MindState | RedisUnavailable) -> None:
        """Add the latest state, or the error that there was instead."""
        if isinstance(state, RedisUnavailable):
            self._trouble = str(state)
            return
        self._trouble = ""
        before = self._states[-1].ledger if self._states else {}
        if state.ledger.get("attended") != before.get("attended") or not state.competing:
            self._moved_ms = state.now_ms
        self._states.append(state)
        if state.now_ms - self._moved_ms > _STILL_MS:
            self._trouble = "no attention: is the service running? (`thoughtstream up`)"

    def draw(self, width: int, height: int) -> RenderableType:
        """The dashboard, `width` by `height` characters."""
        if not self._states:
            return Text(self._trouble or "waiting for data …", style="red")
        state = self._states[-1]
        ledger = _ledger(state, width)
        rows = max(height - 1 - 1 - len(ledger) - bool(self._keys), 9)
        contest, attended = rows * 4 // 10, rows * 3 // 10
        whole = Layout()
        whole.split_column(
            Layout(self._title(state), size=1),
            Layout(name="contest", size=contest),
            Layout(_attended_panel(state, attended - 2), size=attended),
            Layout(_memory_panel(state, rows - contest - attended - 2)),
            Layout(_forgotten_line(state), size=1),
            Layout(Group(*ledger), size=len(ledger)),
            *([Layout(Text(f" {self._keys}", style="dim"), size=1)] if self._keys else []),
        )
        contest_panel = _contest_panel(state, contest - 2)
        if width < _WIDE:
            whole["contest"].update(contest_panel)
        else:
            whole["contest"].split_row(
                Layout(self._windows_panel(state), size=36), Layout(contest_panel)
            )
        return whole

    def _title(self, state: MindState) -> RenderableType:
        line = Table.grid(expand=True)
        line.add_column()
        line.add_column(justify="right")
        name = Text.assemble(" ✦ ", style.text(self._mind), style="bold bright_white")
        if self._trouble:
            line.add_row(name, Text(self._trouble, style="bold red", no_wrap=True))
            return line
        clock = datetime.fromtimestamp(state.now_ms / 1000).strftime("%H:%M:%S ")
        line.add_row(name, Text.assemble(*self._pace(), clock))
        return line

    def _pace(self) -> list[tuple[str, str]]:
        """How many thoughts are attended per second; nothing for the first state."""
        rates = self._rates("attended")
        if not rates:
            return []
        now = sum(rates[-4:]) / len(rates[-4:])
        return [
            (_spark(rates), "green"), (f" {now:.0f}", "bold green"), (" attended/s  ", "dim"),
        ]  # fmt: skip

    def _rates(self, count: str) -> list[float]:
        """How fast a count of the ledger grew between the states, per second."""
        return [
            1000
            * (later.ledger.get(count, 0) - earlier.ledger.get(count, 0))
            / max(later.now_ms - earlier.now_ms, 1)
            for earlier, later in pairwise(self._states)
        ]

    def _windows_panel(self, state: MindState) -> Panel:
        table = _table()
        table.add_column(width=_NAME)
        table.add_column(justify="right", width=6)
        table.add_column(ratio=1, no_wrap=True, overflow="crop")
        for name, length in sorted(state.windows.items(), key=lambda item: -item[1]):
            curve = [float(past.windows.get(name, 0)) for past in self._states]
            table.add_row(
                style.window(name, _NAME),
                f"{length:,}" if length else Text("·", style="dim"),
                Text(_spark(curve[-14:]), style=style.colour(name)),
            )
        return _panel("windows", table)


def _contest_panel(state: MindState, rows: int) -> Panel:
    table = _table()
    table.add_column(width=4)
    table.add_column(width=8)
    table.add_column(width=_NAME)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(width=5 if state.contest else 9, justify="right")
    if state.contest:
        for candidate in state.contest[: max(rows, 1)]:
            table.add_row(*_candidate(candidate, state.now_ms))
        return _panel(f"contest · {state.competing:,} competing", table)
    settled = _settled(state)[: max(rows, 1)]
    for when, outcome, thought in settled:
        table.add_row(*_rival(outcome, thought, state.now_ms - when))
    last = f" · the last, {_age(state.now_ms - settled[0][0])} ago" if settled else ""
    return _panel(f"contest · {state.competing:,} competing{last}", table)


def _settled(state: MindState) -> list[tuple[int, str, Attended | Forgotten]]:
    """Who won and who lost the last contests, the latest first, and then the strongest: most are
    over before anyone sees them.
    """
    won = [(thought.attended_at, "won", thought) for thought in state.attended]
    lost = [(thought.forgotten_at, "lost", thought) for thought in state.forgotten]
    return sorted([*won, *lost], key=lambda one: (-one[0], -one[2].score))


def _rival(outcome: str, thought: Attended | Forgotten, age_ms: int) -> tuple[RenderableType, ...]:
    is_won = outcome == "won"
    return (
        f"{thought.score:z.2f}",
        style.bar(thought.score, thought.window),
        style.window(thought.window, _NAME),
        style.text(thought.content),
        Text(f"{outcome:4} {_age(age_ms):>4}", style="green" if is_won else "dim"),
    )


def _age(ms: int) -> str:
    """How long ago, in four characters at most."""
    seconds = max(ms, 0) // 1000
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _candidate(candidate: Candidate, now_ms: int) -> tuple[RenderableType, ...]:
    left = max(candidate.due_ms - now_ms, 0) / 1000
    return (
        f"{candidate.strength:z.2f}",
        style.bar(candidate.strength, candidate.window),
        style.window(candidate.window, _NAME),
        style.text(candidate.content),
        Text(f"{left:.1f}s", style="dim" if left > 1 else "red"),
    )


def _attended_panel(state: MindState, rows: int) -> Panel:
    table = _table()
    table.add_column(width=4)
    table.add_column(width=_NAME)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(width=_CLOCK + 6, justify="right")
    intervening = {thought.id: thought for thought in state.intervening}
    for number, thought in enumerate(state.attended[: max(rows, 1)]):
        now = intervening.get(thought.id, thought)
        content = style.text(now.content)
        content.stylize("bold" if number == 0 else "")
        table.add_row(
            f"{now.score:z.2f}", style.window(now.window, _NAME), content, _clock(now, state.now_ms)
        )
    open_ = sum(_is_open(thought, state.now_ms) for thought in state.intervening)
    return _panel(f"attended · {open_:,} can still be changed", table)


def _is_open(thought: Attended, now_ms: int) -> bool:
    """Whether it can still be changed. Its time may be over a moment before it is encoded."""
    return thought.encode_at > now_ms and "vetoed_at" not in thought.fields


def _clock(thought: Attended, now_ms: int) -> Text:
    """The countdown of the intervention window. What came of a thought after it is not shown: the
    stream `assembled` does not say which were vetoed.
    """
    if not _is_open(thought, now_ms):
        vetoed = "vetoed_at" in thought.fields
        return Text("vetoed", style="red") if vetoed else Text("closed", style="dim")
    left, whole = thought.encode_at - now_ms, thought.encode_at - thought.attended_at
    cells = min(_CLOCK, max(1, round(_CLOCK * left / max(whole, 1))))
    return Text.assemble(
        ("▰" * cells, "yellow"), ("▱" * (_CLOCK - cells), "dim"), f" {left / 1000:.1f}s"
    )


def _memory_panel(state: MindState, rows: int) -> Panel:
    table = _table()
    table.add_column(width=8)
    table.add_column(width=_NAME)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for memory in state.memories[: max(rows, 1)]:
        table.add_row(*_memory(memory))
    counts = " · ".join(f"{n:,} {kind}" for kind, n in state.memory_counts.items())
    return _panel(f"memory · {counts} · time attended", table)


def _memory(memory: Remembered) -> tuple[RenderableType, ...]:
    at = attended_at(Location(memory.kind, memory.entry), memory.fields) / 1000
    return (
        Text(datetime.fromtimestamp(at).strftime("%H:%M:%S"), style="dim"),
        style.window(memory.fields.get("window", "?"), _NAME),
        style.text(memory.fields.get("content", "")),
    )


def _forgotten_line(state: MindState) -> RenderableType:
    """What was forgotten last, and why."""
    line = Table.grid(expand=True, padding=(0, 1))
    for width in (10, _NAME):
        line.add_column(width=width)
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    if not state.forgotten:
        line.add_row(Text(" forgotten", style="dim"), Text("nothing", style="dim"), "", "")
        return line
    last = state.forgotten[0]
    why = f"{last.score:z.2f} < {last.threshold:.2f} · {_age(state.now_ms - last.forgotten_at)} ago"
    name = style.window(last.window, _NAME)
    line.add_row(Text(" forgotten", style="dim"), name, style.text(last.content), Text(f"{why} "))
    return line


def _ledger(state: MindState, width: int) -> list[Text]:
    """The ledger's two sums, on as many lines as they need."""
    now = {"competing": state.competing, "intervening": len(state.intervening)}
    count = state.ledger | now
    adopted = ("competing", "attended", "forgotten", "expired", "displaced")
    attended = ("intervening", "anchored", "vetoed")
    return [*_sum("adopted", adopted, count, width), *_sum("attended", attended, count, width)]


def _sum(whole: str, parts: tuple[str, ...], count: dict[str, int], width: int) -> list[Text]:
    lines = [_term(" ", whole, count)]
    indent = " " * lines[0].cell_len
    for sign, part in zip(("=", *"+" * len(parts)), parts, strict=False):
        term = _term(f" {sign} ", part, count)
        if lines[-1].cell_len + term.cell_len > width:
            lines.append(Text(indent))
        lines[-1].append_text(term)
    return lines


def _term(sign: str, name: str, count: dict[str, int]) -> Text:
    return Text.assemble((sign, "dim"), (f"{count.get(name, 0):,}", "bold"), (f" {name}", "dim"))


def _spark(values: list[float]) -> str:
    most = max(values, default=0.0)
    if most <= 0:
        return ""
    return "".join(_SPARKS[min(round(8 * max(value, 0) / most), 8)] for value in values)


def _table() -> Table:
    return Table.grid(expand=True, padding=(0, 1))


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="grey37", box=box.ROUNDED)
