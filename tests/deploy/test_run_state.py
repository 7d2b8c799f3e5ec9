"""What a run finds out once, whoever asks, and however many at a time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from deploy.run_state import RunState


def test_what_is_asked_for_by_many_is_made_once() -> None:
    run, made, go = RunState(), list[str](), Event()

    def make() -> str:
        go.wait(10)
        made.append("a plan")
        return made[-1]

    with ThreadPoolExecutor(4) as hosts:
        asked = [hosts.submit(run.once, "plan", make) for _ in range(4)]
        go.set()
        assert {each.result() for each in asked} == {"a plan"}
    assert len(made) == 1
    assert run.once("another", lambda: "one of its own") == "one of its own"


def test_what_could_not_be_made_is_tried_again() -> None:
    run = RunState()
    with pytest.raises(ZeroDivisionError):
        run.once("plan", lambda: 1 // 0)
    assert run.once("plan", lambda: 1) == 1
