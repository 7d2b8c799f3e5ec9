"""One worker at a time has a mind asleep: its lease, its session and who takes over."""

import asyncio
from typing import Any

import pytest

from tests.sleep.interrupted import Killed, killer
from tests.sleep.memories import DISK, KETTLE, picture, remember
from thoughtstream import Mind, keys
from thoughtstream.memory import consolidation, sleep
from thoughtstream.memory.consolidation import Asleep, Session, Superseded
from thoughtstream.memory.consolidation_plan import Merge, Replay


async def test_a_mind_that_sleeps_is_not_put_to_sleep(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", KETTLE)
    async with Session.begin(redis, "ana") as session:
        with pytest.raises(Asleep, match=rf"session {session.id}"):
            await mind.sleep()
        assert len((await mind.sleep(dry_run=True)).merged) == 1
    assert len((await mind.sleep()).merged) == 1


async def test_a_late_worker_is_refused(
    redis: Any, mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = await remember(redis, "ana", KETTLE)
    before = await picture(redis, "ana")
    monkeypatch.setattr(consolidation, "LEASE_MS", 20)
    with pytest.raises(Superseded):
        async with Session.begin(redis, "ana") as late:
            async with await _take_over(redis) as taker:
                assert (taker.id, taker.started_at) == (late.id, late.started_at)
                assert taker.resumed
                for move in (
                    late.merge(Merge(older, (newer,))),
                    late.replay([Replay(older, 0.5)]),
                    late.hold(),
                ):
                    with pytest.raises(Superseded, match="took over"):
                        await move
                assert await picture(redis, "ana") == before
                assert await taker.merge(Merge(older, (newer,))) == 1
            await late.hold()  # after the other's session is over, too


async def _take_over(redis: Any) -> Any:
    """A session, as soon as the lease of another is over."""
    async with asyncio.timeout(20):
        while True:
            turn = Session.begin(redis, "ana")
            try:
                session = await turn.__aenter__()
            except Asleep:
                continue
            return _Entered(turn, session)


class _Entered:
    """A context manager that has been entered already."""

    def __init__(self, turn: Any, session: Session) -> None:
        self._turn, self._session = turn, session

    async def __aenter__(self) -> Session:
        return self._session

    async def __aexit__(self, *error: Any) -> Any:
        return await self._turn.__aexit__(*error)


async def test_the_lease_is_renewed_while_a_distiller_thinks(
    redis: Any, mind: Mind, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remember(redis, "ana", DISK)
    monkeypatch.setattr(consolidation, "LEASE_MS", 300)
    monkeypatch.setattr(sleep, "LEASE_MS", 300)

    async def until() -> int:
        return int(await redis.hget(keys.SLEEP.key(mind="ana"), "until"))

    class Slow:
        async def distil(self, contents: Any) -> str:
            first = await until()
            while await until() <= first + 300:  # noqa: ASYNC110  # Redis has no event for it
                await asyncio.sleep(0.01)
            return str(contents[0])

    assert len((await mind.sleep(distiller=Slow())).distilled) == 1


async def test_a_session_that_is_lost_begins_anew(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    with pytest.raises(Killed):
        await mind.sleep(on_progress=killer(2))
    [session] = [key async for key in redis.scan_iter(keys.CONSOLIDATION.glob)]
    assert 0 < await redis.ttl(session) <= 7 * 86_400
    await redis.delete(session)
    report = await mind.sleep()
    assert not report.resumed
    assert len(report.distilled) == 1
    assert (await picture(redis, "ana"))["ledger"] == {"replayed": 4, "merged": 1, "distilled": 1}


async def test_a_session_that_is_evicted_meanwhile_does_not_stay(redis: Any, mind: Mind) -> None:
    [memory_] = await remember(redis, "ana", KETTLE[:1])
    async with Session.begin(redis, "ana") as session:
        log = keys.CONSOLIDATION.key(mind="ana", session=session.id)
        await redis.delete(log)
        assert await session.replay([Replay(memory_, 0.5)]) == 1
        assert 0 < await redis.ttl(log) <= 7 * 86_400
