"""Sleep does what the model does, once and for all, however often it is interrupted or repeated."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sleep.interrupted import Killed, killer
from tests.sleep.memories import DISK, KETTLE, Past, picture, remember
from tests.sleep.model import slept
from tests.sleep.properties import many
from thoughtstream import Mind
from thoughtstream.memory import sleep
from thoughtstream.memory.consolidation import Session

content = st.builds(
    lambda template, n, shout: template.format(n).upper() if shout else template.format(n),
    st.sampled_from(
        ["the kettle is on", "the kettle is on!", "the disk is {}% full", "disk full: {}%",
         "thanks",
         "we walked by the river until the lamps of the old harbour came on one by one {}",
         "we walked by the river until the lamps of the new harbour came on one by one {}"]
    ),
    st.integers(1, 3),
    st.booleans(),
)  # fmt: skip


tenths = st.integers(0, 10).map(lambda n: n / 10)


memory = st.builds(
    Past, content, st.sampled_from(["episodic", "episodic", "semantic", "procedural"]),
    st.integers(-10, 10).map(lambda n: n / 10), tenths, tenths,
)  # fmt: skip


def test_sleep_does_what_the_model_does_and_twice_is_once(on_server: Any) -> None:
    @many
    @given(st.lists(memory, max_size=14))
    def property_(memories: list[Past]) -> None:
        async def work(redis: Any, mind: Mind) -> None:
            ids = await remember(redis, "ana", memories)
            await mind.sleep()
            once = await picture(redis, "ana")
            assert once == slept(memories, ids)
            again = await mind.sleep()
            assert (again.replayed, again.merged, again.distilled) == ([], [], [])
            assert await picture(redis, "ana") == once

        on_server(work)

    property_()


def test_interrupted_anywhere_and_resumed_is_uninterrupted(
    on_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sleep, "BATCH", 1)

    @many
    @given(st.lists(memory, max_size=12), st.lists(st.integers(1, 5), max_size=6))
    def property_(memories: list[Past], interruptions: list[int]) -> None:
        async def work(redis: Any, mind: Mind) -> None:
            await remember(redis, "ana", memories)
            resumed = False
            for steps in interruptions:
                try:
                    await mind.sleep(on_progress=killer(steps))
                except Killed:
                    resumed = True
                    continue
                break
            else:
                report = await mind.sleep()
                assert report.resumed is resumed
                assert len(report.merged) == (await picture(redis, "ana"))["ledger"]["merged"]
            interrupted = await picture(redis, "ana")
            await redis.flushdb()
            await remember(redis, "ana", memories)
            await mind.sleep()
            assert interrupted == await picture(redis, "ana")

        on_server(work)

    property_()


async def test_each_step_made_again_changes_nothing(
    redis: Any, mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    step = Session._step

    async def twice(self: Session, name: str, *args: Any) -> int:
        done = await step(self, name, *args)
        if name in ("merge", "replay", "distil"):
            before = {key: await redis.dump(key) async for key in redis.scan_iter("*item*")}
            assert await step(self, name, *args) == 0
            assert {key: await redis.dump(key) async for key in redis.scan_iter("*item*")} == before
        return done

    monkeypatch.setattr(Session, "_step", twice)
    report = await mind.sleep()
    ledger = (await picture(redis, "ana"))["ledger"]
    assert ledger == {"replayed": 4, "merged": 1, "distilled": 1}
    assert (len(report.replayed), len(report.merged), len(report.distilled)) == (4, 1, 1)
