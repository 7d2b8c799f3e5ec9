"""Sleep on a real server: what it does, once and for all, and whoever interrupts it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.servers import RedisServer
from tests.sleep.distillers import Broken, Counting, Silent
from tests.sleep.memories import Past, picture, remember
from tests.sleep.model import slept
from thoughtstream import Mind, keys
from thoughtstream.config import ConfigError, MemoryConfig, RedisConfig, Settings
from thoughtstream.errors import MemoryFull
from thoughtstream.memory import consolidation, sleep
from thoughtstream.memory.consolidation import Asleep, Session, Superseded
from thoughtstream.memory.consolidation_plan import Merge, Replay
from thoughtstream.memory.sleep import DistillerFailed
from thoughtstream.store.connection import connect

DISK = [Past(f"The disk is {n}% full") for n in (91, 92, 93)]
KETTLE = [Past("the kettle is on", valence=0.5), Past("The kettle is on!", relevance=1)]


@pytest.fixture
async def mind(redis: Any, settings: Settings) -> AsyncIterator[Mind]:
    async with Mind.connect("ana", settings=settings) as mind:
        yield mind


class Killed(Exception):
    """Nobody catches it."""


def killer(steps: int) -> Callable[[int, int], None]:
    """Progress that ends a sleep after so many steps."""
    left = iter(range(steps - 1))

    def on_progress(done: int, total: int) -> None:
        if next(left, None) is None:
            raise Killed

    return on_progress


# --- what it does ------------------------------------------------------------------------------
async def test_a_near_duplicate_goes_and_is_counted_as_the_older(redis: Any, mind: Mind) -> None:
    older, newer = await remember(redis, "ana", KETTLE)
    report = await mind.sleep()
    assert report.merged == [{"id": newer, "into": older}]
    [strengthened] = report.replayed
    assert strengthened["id"] == older
    assert strengthened["priority"] == pytest.approx(0.2)
    assert strengthened["strength"] == pytest.approx(2.2)
    after = await picture(redis, "ana")
    assert [memory["merged"] for memory in after["episodic"]] == [[newer]]
    [forgotten] = await mind.forgotten()
    assert (forgotten.id, forgotten.fields["merged_into"]) == (newer, older)


async def test_repeated_episodes_are_distilled_and_stay(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", [*DISK, Past("something else happened")])
    report = await mind.sleep()
    [distilled] = report.distilled
    assert distilled["from"] == ids[:3]
    assert [m.id for m in await mind.recall("disk full", kind="semantic")] == [distilled["id"]]
    after = await picture(redis, "ana")
    assert [memory["id"] for memory in after["episodic"]] == ids
    assert [memory["from"] for memory in after["semantic"]] == [ids[:3]]


async def test_a_distilled_memory_grows_with_its_episodes(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", DISK)
    [first] = (await mind.sleep()).distilled
    ids.append(await mind.anchor("The disk is 94% full"))
    ids.append(await mind.anchor("the DISK is 94 % full"))
    [second] = (await mind.sleep()).distilled
    assert second == {"id": first["id"], "from": ids}
    after = await picture(redis, "ana")
    assert [memory["from"] for memory in after["semantic"]] == [sorted(ids)]
    assert after["ledger"]["distilled"] == 1
    assert (await mind.sleep()).distilled == []


async def test_repeats_that_were_merged_count(redis: Any, mind: Mind) -> None:
    ids = await remember(redis, "ana", [KETTLE[0]] * 2)
    assert (await mind.sleep()).distilled == []
    ids.append(await mind.anchor("the kettle is on"))
    assert [distilled["from"] for distilled in (await mind.sleep()).distilled] == [ids]


async def test_what_the_engine_anchored_is_consolidated_and_the_ledger_balances(
    redis: Any, mind: Mind
) -> None:
    for n in range(5):
        await mind.anchor(f"The disk is {n}% full", arousal=0.5, tagged="yes")
    await mind.anchor("The disk is 4% full")
    report = await mind.sleep()
    assert max(memory["priority"] for memory in report.replayed) == pytest.approx(0.5, abs=0.01)
    assert (await mind.audit()).balanced
    ledger = (await mind.state()).ledger
    kept = sum((await mind.state()).memory_counts.values())
    assert kept == ledger["anchored"] + ledger["distilled"] - ledger["merged"] == 6


async def test_a_dry_run_says_what_sleep_then_does_and_changes_nothing(
    redis: Any, mind: Mind
) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    before = {key: await redis.dump(key) async for key in redis.scan_iter()}
    would = await mind.sleep(dry_run=True)
    assert {key: await redis.dump(key) async for key in redis.scan_iter()} == before
    assert (would.dry_run, would.session) == (True, None)
    did = await mind.sleep()
    assert (did.merged, did.distilled) == (would.merged, would.distilled)
    assert did.replayed == would.replayed


async def test_an_empty_mind_sleeps(redis: Any, mind: Mind) -> None:
    report = await mind.sleep()
    assert (report.memories, report.replayed, report.merged, report.distilled) == (0, [], [], [])


async def test_forgetting_that_deletes_archives_no_duplicate(
    redis: Any, settings: Settings
) -> None:
    await remember(redis, "ana", KETTLE)
    streams = settings.streams.model_copy(update={"forget": "delete"})
    deleting = settings.model_copy(update={"streams": streams})
    async with Mind.connect("ana", settings=deleting) as mind:
        assert len((await mind.sleep()).merged) == 1
    assert not await redis.exists(keys.UNCONSCIOUS.key(mind="ana"))


async def test_a_poison_entry_stops_nobody(redis: Any, mind: Mind) -> None:
    stream = keys.EPISODIC.key(mind="ana")
    await redis.xadd(stream, {"no": "content"}, id="1-1")
    await redis.xadd(stream, {"content": "foreign", "id": "x", "valence": "high"}, id="1-2")
    bad = {
        "content": "bad",
        "id": "1-3@w",
        "valence": "nan",
        "distilled_from": "[",
        "anchored_at": "",
    }
    await redis.xadd(stream, bad, id="1-3")
    item = bad | {"entry": "1-3", "kind": "episodic", "strength": "much", "merged_from": "{"}
    await redis.hset(keys.ITEM.key(mind="ana", id="1-3@w"), mapping=item)
    await remember(redis, "ana", KETTLE)
    assert len((await mind.sleep()).merged) == 1


async def test_bytes_that_are_no_text(redis: Any, mind: Mind) -> None:
    binary = bytes(range(256)).decode("utf-8", "surrogateescape")
    ids = await remember(
        redis, "ana", [Past(f"two words {binary}", window='a "b" \\ /ü \udcff')] * 3
    )
    report = await mind.sleep()
    assert [merged["into"] for merged in report.merged] == [ids[0]] * 2
    assert [distilled["from"] for distilled in report.distilled] == [ids]
    after = await redis.hget(keys.ITEM.key(mind="ana", id=report.distilled[0]["id"]), "content")
    assert after == f"two words {binary}"


# --- once is enough ----------------------------------------------------------------------------
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


@pytest.fixture
def on_server(server: RedisServer) -> Iterator[Callable[[Any], Any]]:
    """Runs something with a client and a mind on an empty server."""

    async def clean(work: Any) -> Any:
        settings = Settings(redis=RedisConfig(url=server.url))
        redis = connect(settings.redis)
        try:
            await redis.flushdb()
            async with Mind.connect("ana", settings=settings) as mind:
                return await work(redis, mind)
        finally:
            await redis.aclose()

    with asyncio.Runner() as runner:
        yield lambda work: runner.run(clean(work))


many = hypothesis_settings(
    max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
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


# --- one worker at a time ------------------------------------------------------------------------
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
                    late.merge(Merge(older, (newer,)), 0.8, 100),
                    late.replay([Replay(older, 0.5)]),
                    late.hold(),
                ):
                    with pytest.raises(Superseded, match="took over"):
                        await move
                assert await picture(redis, "ana") == before
                assert await taker.merge(Merge(older, (newer,)), 0.8, 100) == 1
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


# --- distillers and trouble ----------------------------------------------------------------------
async def test_a_distiller_of_ones_own(redis: Any, settings: Settings) -> None:
    await remember(redis, "ana", DISK)
    memory = MemoryConfig(sleep_distiller="tests.sleep.distillers:Counting")
    own = settings.model_copy(update={"memory": memory})
    async with Mind.connect("ana", settings=own) as mind:
        await mind.sleep()
        [found] = await mind.recall("deja vu")
    assert found.content == "3 times: The disk is 91% full (déjà vu)"
    assert found.kind == "semantic"


async def test_a_distiller_that_fails_costs_its_own_moves_only(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", [*DISK, *KETTLE])
    with pytest.raises(DistillerFailed, match="not at home"):
        await mind.sleep(distiller=Broken())
    assert (await picture(redis, "ana"))["ledger"] == {"replayed": 4, "merged": 1, "distilled": 0}
    assert (await mind.sleep(distiller=Silent())).distilled == []
    report = await mind.sleep(distiller=Counting())
    assert len(report.distilled) == 1


@pytest.mark.parametrize("name", ["no.such:Thing", "tests.sleep.distillers:Nobody",
                                  "tests.sleep.distillers:NoDistiller"])  # fmt: skip
async def test_a_distiller_that_is_none(redis: Any, settings: Settings, name: str) -> None:
    own = settings.model_copy(update={"memory": MemoryConfig(sleep_distiller=name)})
    async with Mind.connect("ana", settings=own) as mind:
        with pytest.raises(ConfigError, match=r"memory\.sleep_distiller"):
            await mind.sleep()


async def test_at_maxmemory_duplicates_still_go(redis: Any, mind: Mind) -> None:
    await remember(redis, "ana", KETTLE)
    await mind.sleep(dry_run=True)
    async with Session.begin(redis, "bob"):
        pass  # loads the library, which needs memory
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(MemoryFull):
            await mind.sleep()
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await picture(redis, "ana"))["ledger"] == {"replayed": 0, "merged": 1, "distilled": 0}
    assert len((await mind.sleep()).replayed) == 1
