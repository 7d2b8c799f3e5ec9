"""The dashboard that `watch` draws says what is, and the same thing everywhere."""

import io
import re
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.attention.state import Candidate, MindState, Remembered
from thoughtstream.faces.cli.dashboard import Dashboard

NOW = 1_700_000_000_000


def attended(content: str, encode_at: int, **fields: str) -> Attended:
    return Attended(
        f"{encode_at}-0@sensory", "sensory", content, 0.9, 0.9, None, encode_at - 5000, encode_at,
        fields,
    )  # fmt: skip


def state_of(**known: Any) -> MindState:
    nothing: dict[str, Any] = {
        "now_ms": NOW, "windows": {}, "competing": 0, "contest": [], "intervening": [],
        "attended": [], "forgotten": [], "memories": [], "memory_counts": {}, "ledger": {},
    }  # fmt: skip
    return MindState(**(nothing | known))


def screen_of(state: MindState, keys: str = "", width: int = 80, height: int = 40) -> str:
    dashboard = Dashboard("ana", keys)
    dashboard.add(state)
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(dashboard.draw(width, height), height=height)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def drawn(intervening: list[Attended], before: list[Attended], memories: list[Remembered]) -> str:
    state = state_of(
        intervening=intervening, attended=[*reversed(intervening), *before], memories=memories,
        memory_counts={"episodic": len(memories)},
    )  # fmt: skip
    return screen_of(state)


def line(screen: str, word: str) -> str:
    """The last line with this word: the contest, which is above, may have had the thought, too."""
    *_, found = [line for line in screen.splitlines() if word in line]
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
    shown = [each for each in drawn([unheard], [], []).splitlines() if "hardly heard" in each]
    assert shown and all(" 0.00 " in each for each in shown)


def forgotten(content: str, ago_ms: int) -> Forgotten:
    entry = f"{NOW - ago_ms}-0"
    return Forgotten(entry, f"{entry}@sensory", "sensory", content, 0.12, 0.3, NOW - ago_ms, {})


def test_an_empty_contest_shows_who_won_and_lost_before_and_when() -> None:
    won = attended("the kettle", NOW - 7000)  # attended twelve seconds ago
    screen = screen_of(state_of(attended=[won], forgotten=[forgotten("a hum", 3000)]))
    shown = [each for each in screen.splitlines() if "won" in each or "lost" in each]
    assert "contest · 0 competing · the last, 3s ago" in screen
    assert re.search(r"0\.12 .* a hum .*lost +3s", shown[0])
    assert re.search(r"0\.90 .* the kettle .*won +12s", shown[1])


def test_a_contest_shows_only_who_competes() -> None:
    rival = Candidate("1-0@sensory", "sensory", "a kettle", 0.5, NOW + 2500)
    screen = screen_of(state_of(competing=1, contest=[rival], forgotten=[forgotten("a hum", 9)]))
    assert "contest · 1 competing ─" in screen and "lost" not in screen
    assert "2.5s" in line(screen, "a kettle")


@pytest.mark.parametrize(
    ("was", "said"),
    [([], "nothing"), ([forgotten("a hum", 90_000), forgotten("older", 99_000)], "a hum")],
)
def test_what_was_forgotten_last_and_why(was: list[Forgotten], said: str) -> None:
    rows = screen_of(state_of(forgotten=was)).splitlines()
    (shown,) = [row for row in rows if row.startswith(" forgotten ")]
    assert said in shown and "older" not in shown
    assert bool(was) == ("0.12 < 0.30 · 1m ago" in shown)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 24)])
def test_no_number_of_the_ledger_is_cut(width: int, height: int) -> None:
    names = ("adopted", "attended", "forgotten", "expired", "displaced", "anchored", "vetoed")
    ledger = {name: 1_234_567 + number for number, name in enumerate(names)}
    screen = screen_of(state_of(competing=9_999, ledger=ledger), "q ends", width, height)
    rows = screen.splitlines()
    told = " ".join(" ".join(rows[-6:]).split())
    for name, count in ledger.items():
        assert f"{count:,} {name}" in told
    assert "9,999 competing" in told
    assert len(rows) == height and rows[-1].strip() == "q ends"
