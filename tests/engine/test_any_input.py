"""Any name, any value, any id: what comes in is kept as it is, or refused and named."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.flow import at_rest
from tests.services import running, until
from thoughtstream import Mind, keys
from thoughtstream.attention.attention import Attention
from thoughtstream.config import Settings, StreamConfig
from thoughtstream.errors import ThoughtstreamError

SLOWER = StreamConfig(working_memory_ttl_ms=1000, cycle_target_ms=5, working_memory_maxlen=0)


@pytest.mark.parametrize(
    "name",
    ["{", "}", "a}b{c", "{ana}", "thought:{ana}:window:x", "a: b\n\tc", "%7B", "意识 🧠 ünï",
     "*?[a]", "../../etc", "x" * 1000, "🧠" * 1000],
)  # fmt: skip
async def test_any_name_goes_the_whole_road(redis: Any, quick: Settings, name: str) -> None:
    async with running(quick), Mind.connect(name, settings=quick) as mind:
        thought = await mind.think("the kettle is on", window=name, source=name)
        attended = await anext(mind.attended(since="0"))

        async def recalled() -> Any:
            return await mind.recall("kettle", window=name)

        await until(recalled)
        [hit] = await mind.recall("kettle", window=name)
        audit = await mind.audit()
        state = await mind.state()
    assert (attended.id, hit.id) == (thought, thought)
    assert (attended.window, hit.window, hit.fields["source"]) == (name, name, name)
    assert (audit.anchored, audit.faults) == (1, [])
    assert name in state.windows


async def test_names_that_look_alike_are_different_minds(redis: Any, quick: Settings) -> None:
    names = ["{ana}", "%7Bana%7D", "ana", "ana ", "Ana", "an\u0061\u0301"]
    async with running(quick):
        for number, name in enumerate(names):
            async with Mind.connect(name, settings=quick) as mind:
                await mind.think(f"mine is number{number}")
                assert (await at_rest(mind, 1)).anchored == 1
                [hit] = await mind.recall("mine")
                assert hit.content == f"mine is number{number}"


WINDOWS = keys.STANDARD_WINDOWS


@pytest.mark.parametrize(
    "number",
    ["1" * 60_000 + "x", "0." + "0" * 60_000 + "x", "-" * 60_000, "9" * 400, "1e999999999",
     "-1e400", "1e400", "0x1p-1", " 1", "1 ", "1_0", "\u0661", "infinity", "-nan", "1.0.0",
     "e", "."],
)  # fmt: skip
async def test_a_number_that_is_none_is_rejected_at_once(redis: Any, number: str) -> None:
    for window, field in (("sensory", "salience"), ("emotion", "valence")):
        key = keys.WINDOW.key(mind="ana", window=window)
        await redis.xadd(key, {"content": "poison", field: number})
        await redis.xadd(key, {"content": "healthy"})
    async with asyncio.timeout(2):
        report = await Attention(redis).cycle("ana", WINDOWS)
    assert report.moved["rejected"] == 2
    assert report.attended is not None
    assert report.attended.content == "healthy"
    [(_, fields), _] = await redis.xrange(keys.REJECTED.key(mind="ana"))
    assert "is not a number from 0 to 1" in fields["reason"]


async def test_an_unknown_kind_is_refused_by_name(redis: Any, settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        with pytest.raises(ThoughtstreamError, match="kind"):
            await mind.think("x", kind="dream")  # type: ignore[arg-type]
        assert await redis.keys() == []
        await redis.xadd(
            keys.WINDOW.key(mind="ana", window="sensory"), {"content": "x", "kind": "d"}
        )
        await mind.attend()
    [(_, fields)] = await redis.xrange(keys.REJECTED.key(mind="ana"))
    assert fields["reason"] == "kind: d is not episodic, semantic or procedural"


async def test_ids_of_any_time_are_kept_as_they_are(redis: Any, settings: Settings) -> None:
    quick = settings.model_copy(update={"streams": SLOWER})
    ids = [
        "1-1",
        "1-2",
        "1700000000000-0",
        "9007199254740993-7",
        "18446744073709551614-18446744073709551615",
    ]
    key = keys.WINDOW.key(mind="ana", window="sensory")
    for number, entry in enumerate(ids):
        await redis.xadd(key, {"content": f"thought {number}", "salience": "0.5"}, id=entry)
    last = await redis.xadd(key, {"content": "by the server", "salience": "0.5"})
    async with running(quick), Mind.connect("ana", settings=quick) as mind:
        audit = await at_rest(mind, 6)
        assert (audit.anchored, audit.expired) == (6, 0)
    names = [f"{entry}@sensory" for entry in [*ids, last]]
    assembled = await redis.xrange(keys.ASSEMBLED.key(mind="ana"))
    remembered = await redis.xrange(keys.EPISODIC.key(mind="ana"))
    assert [fields["id"] for _, fields in assembled] == names
    assert sorted(fields["id"] for _, fields in remembered) == sorted(names)


async def test_a_window_whose_ids_are_used_up_says_so(redis: Any, settings: Settings) -> None:
    most = "18446744073709551615"
    key = keys.WINDOW.key(mind="ana", window="sensory")
    await redis.xadd(key, {"content": "the last"}, id=f"{most}-{most}")
    async with Mind.connect("ana", settings=settings) as mind:
        with pytest.raises(ThoughtstreamError, match=r"sensory.*DEL"):
            await mind.think("one more")
        report = await mind.attend()
        assert report.attended is not None
        assert report.attended.id == f"{most}-{most}@sensory"
        await mind.think("elsewhere", window="memory")
        await redis.delete(key)
        await mind.think("again")
        assert (await mind.attend()).attended is not None
        assert (await mind.audit()).balanced


@given(written=st.binary())
def test_what_is_no_text_is_read_as_python_reads_it(written: bytes) -> None:
    from_redis = written.decode(errors="surrogateescape")
    assert keys.readable(from_redis) == written.decode(errors="replace")


@given(text=st.text(alphabet=st.characters(codec=None)))
def test_whatever_was_given_can_be_printed(text: str) -> None:
    assert keys.is_text(keys.readable(text))
