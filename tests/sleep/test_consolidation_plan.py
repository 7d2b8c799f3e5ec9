"""The priority of a memory, and how many are replayed."""

import math
from dataclasses import replace
from typing import Any

import pytest

from thoughtstream.config import MemoryConfig
from thoughtstream.language.similarity import common
from thoughtstream.memory.consolidation_plan import REST_MS, Trace, plan, priority

NOW = 1_700_000_000_000
HOUR = 3_600_000


def trace(number: int = 0, **fields: Any) -> Trace:
    at = NOW - 100_000 * HOUR + number
    known: dict[str, Any] = {"id": f"{at}-0@sensory", "kind": "episodic", "order": (at, 0),
                             "content": f"number {number}", "anchored_at": at}  # fmt: skip
    return Trace(**known | fields)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 0.0),
        ({"emotion": 0.5}, 0.2),
        ({"connection": 0.5}, 0.15),
        ({"tagged": 1.0}, 0.1),
        ({"anchored_at": NOW}, 0.2),
        ({"anchored_at": NOW + HOUR}, 0.2),
        ({"anchored_at": NOW - 10 * HOUR}, 0.2 / math.e),
        ({"emotion": 1, "connection": 1, "tagged": 1, "anchored_at": NOW}, 1.0),
    ],
)
def test_priority(fields: dict[str, Any], expected: float) -> None:
    assert priority(trace(**fields), NOW) == pytest.approx(expected)


def test_the_most_important_are_replayed_and_those_that_rest_count() -> None:
    config = MemoryConfig(sleep_replays=3)
    traces = [trace(n, emotion=n / 10) for n in range(6)]
    assert [r.id for r in plan(traces, NOW, config).replays] == [t.id for t in traces[:2:-1]]
    resting = [trace(n, replayed_at=NOW - REST_MS + n) for n in range(3)]  # two still rest
    replays = plan([*resting, *traces[3:]], NOW, config).replays
    assert [replay.id for replay in replays] == [traces[5].id]


def test_a_clock_that_is_set_back_far_keeps_nobody_resting() -> None:
    far = [trace(replayed_at=NOW + REST_MS + HOUR)]
    assert plan(far, NOW, MemoryConfig()).replays
    near = [trace(replayed_at=NOW + HOUR)]
    assert not plan(near, NOW, MemoryConfig()).replays


def test_what_was_anchored_later_is_left_alone() -> None:
    later = [trace(n, order=(NOW + 1 + n, 0), content="the kettle is on") for n in range(4)]
    moves = plan(later, NOW, MemoryConfig())
    assert not moves.merges
    assert not moves.replays
    assert not moves.distillations


def test_an_id_that_is_taken_is_not_given_again() -> None:
    same = [trace(n, content=f"the disk is {n}% full") for n in range(3)]
    thought = trace(9, id=same[0].id.replace("sensory", "sleep"), kind="procedural")
    [distillation] = plan([*same, thought], NOW, MemoryConfig()).distillations
    assert distillation.id == same[0].id.replace("-0@sensory", "-1@sleep")


def test_what_others_are_part_of_is_part_of_no_other() -> None:
    first, second, third = (trace(n, content="the kettle is on") for n in range(3))
    second = replace(second, merged_from=("1-1@sensory",))
    [merge] = plan([first, second, third], NOW, MemoryConfig()).merges
    assert (merge.kept, merge.gone) == (first.id, (third.id,))


def test_no_memory_stands_for_two_gists() -> None:
    """One of an earlier version may have been made of both."""
    full = [trace(n, content=f"the disk is {n}% full") for n in range(3)]
    empty = [trace(10 + n, content=f"the disk is {n}% empty") for n in range(2)]
    both = trace(
        20, kind="semantic", distilled_from=(full[0].id, full[1].id, empty[0].id), id="1-1@sleep"
    )
    [made] = plan([*full, *empty, both], NOW, MemoryConfig()).distillations
    assert made.id != both.id
    assert made.episodes == tuple(episode.id for episode in full)


def test_what_is_no_longer_remembered_is_not_denied() -> None:
    known = [trace(n, content="the disk is 94% full") for n in range(3)]
    before = trace(
        20, kind="semantic", content="the disk is …% full", id="1-1@sleep",
        distilled_from=("1-1@sensory", known[0].id),
    )  # fmt: skip
    [grown] = plan([*known, before], NOW, MemoryConfig()).distillations
    assert grown.id == before.id
    assert common(grown.contents) == "the disk is …% full"
