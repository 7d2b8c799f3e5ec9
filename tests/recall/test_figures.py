"""The figures of the benchmark of recall, and how two runs are compared."""

import json

import pytest

from tests.bench.recall_figures import Answer, as_json, compared, from_json, means


def answer(question: str, found: list[str], file: str = "f") -> Answer:
    return Answer.of("FTS5", file, question, "", frozenset({"a", "b"}), found, 0.001)


def test_of_each_question_what_was_found_by_then() -> None:
    found = answer("q", ["x", "a", "y", "z", "w", "b"])
    assert found.at == {"1": 0.0, "5": 0.5, "10": 1.0, "20": 1.0}
    assert found.reciprocal == 0.5
    assert answer("q", []).values == [0.0] * 5
    assert means([found, answer("q", [])]) == [0.0, 0.25, 0.5, 0.5, 0.25]


def test_runs_are_compared_question_by_question() -> None:
    before = [answer(str(n), ["x"] * n + ["a", "b"]) for n in range(30)]
    now = [answer(str(n), ["x"] * (n // 2) + ["a", "b"]) for n in range(40)]
    kept = from_json(json.loads(json.dumps(as_json(before))))
    assert kept == before
    changes = compared(now, kept)
    assert all(change.low <= change.mean <= change.high for change in changes)
    assert changes[2].low > 0
    assert all(change.mean == change.high == 0 for change in compared(before, before))
    with pytest.raises(ValueError, match="in common"):
        compared([answer("another", [])], before)
