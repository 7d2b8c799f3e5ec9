"""The dashboard that `watch` draws says what is, and the same thing everywhere."""

import io
from datetime import datetime

from rich.console import Console

from thoughtstream.attention.models import Attended
from thoughtstream.attention.state import MindState, Remembered
from thoughtstream.faces.cli.dashboard import Dashboard

NOW = 1_700_000_000_000


def attended(content: str, encode_at: int, **fields: str) -> Attended:
    return Attended(
        f"{encode_at}-0@sensory", "sensory", content, 0.9, 0.9, None, encode_at - 5000, encode_at,
        fields,
    )  # fmt: skip


def drawn(intervening: list[Attended], before: list[Attended], memories: list[Remembered]) -> str:
    state = MindState(
        now_ms=NOW, windows={}, competing=0, contest=[], intervening=intervening,
        attended=[*reversed(intervening), *before], memories=memories,
        memory_counts={"episodic": len(memories)}, ledger={},
    )  # fmt: skip
    dashboard = Dashboard("ana")
    dashboard.add(state)
    console = Console(file=io.StringIO(), width=80, height=40)
    console.print(dashboard.draw(80, 40), height=40)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def line(screen: str, word: str) -> str:
    (found,) = [line for line in screen.splitlines() if word in line]
    return found


def test_what_can_still_be_changed_is_what_is_counted_so() -> None:
    waiting = [
        attended("whose time is just over", NOW),
        attended("not to be remembered", NOW + 1000, vetoed_at=str(NOW)),
        attended("open", NOW + 2500),
    ]
    screen = drawn(waiting, [attended("long gone", NOW - 9000)], [])
    assert "1 can still be changed" in screen
    assert "2.5s" in line(screen, " open ")
    assert "vetoed" in line(screen, "not to be remembered")
    assert "closed" in line(screen, "just over") and "closed" in line(screen, "long gone")


def test_a_memory_has_the_time_that_recall_gives_it() -> None:
    fields = {
        "content": "the kettle", "attended_at": str(NOW - 8000), "anchored_at": str(NOW - 3000),
    }  # fmt: skip
    screen = drawn([], [], [Remembered("episodic", "1-1", fields)])
    when = datetime.fromtimestamp((NOW - 8000) / 1000).strftime("%H:%M:%S")
    assert when in line(screen, "the kettle")
    assert "time attended" in screen


def test_no_score_is_below_nothing() -> None:
    unheard = attended("hardly heard", NOW + 1000)._replace(score=-0.0)
    assert " 0.00 " in line(drawn([unheard], [], []), "hardly heard")
