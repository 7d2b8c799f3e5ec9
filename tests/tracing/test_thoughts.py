"""The way of a thought is told: who had it, when it was attended, when it became memory."""

from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanKind, StatusCode

from tests.services import running, until
from tests.tracing.conftest import Told
from thoughtstream import Mind, keys
from thoughtstream.attention.models import MOST_FIELDS, NewThought
from thoughtstream.config import Settings
from thoughtstream.errors import InvalidThought, KeyReused
from thoughtstream.sync import Mind as BlockingMind

ELSEWHERE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = ELSEWHERE[:-1] + "0"
TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
SECRET = "the password is swordfish"


def origins(span: ReadableSpan) -> list[int]:
    """The ids of the spans that it is linked to."""
    return [link.context.span_id for link in span.links]


def id_of(span: ReadableSpan) -> Any:
    return dict(span.attributes or {})["messaging.message.id"]


def context_of(span: ReadableSpan) -> Any:
    assert span.context is not None
    return span.context


async def anchored(mind: Mind) -> None:
    """Have all that it thinks become memory, driven by hand."""

    async def is_over() -> bool:
        return not (await mind.attend()).more and not (await mind.state()).intervening

    await until(is_over)


async def test_a_thought_is_told_from_producer_to_anchor(traced: Settings, told: Told) -> None:
    async with running(traced), Mind.connect("ana", settings=traced) as mind:
        id_ = await mind.think(SECRET, window="reasoning", salience=0.9, room="kitchen")

        async def is_anchored() -> bool:
            return bool(told("thought.anchor"))

        await until(is_anchored)
    [produced] = told("thought.produce")
    [attended] = told("thought.attend")
    [anchor] = told("thought.anchor")
    assert (produced.kind, attended.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    assert produced.parent is None and attended.parent is None
    assert origins(attended) == [context_of(produced).span_id]
    assert context_of(attended).trace_id != context_of(produced).trace_id, "linked, not a child"
    assert anchor.parent is not None and anchor.parent.span_id == context_of(attended).span_id
    shared = {
        "messaging.system": "redis",
        "messaging.destination.name": "reasoning",
        "messaging.message.id": id_,
        "thoughtstream.mind": "ana",
        "thoughtstream.window": "reasoning",
    }
    of = "messaging.operation."
    said = [dict(span.attributes or {}) for span in (produced, attended, anchor)]
    assert said[0] == shared | {f"{of}type": "send", f"{of}name": "produce"}
    assert said[1] == shared | {f"{of}type": "process", f"{of}name": "attend"}
    assert said[2] == {"messaging.message.id": id_, "thoughtstream.mind": "ana"}
    assert "swordfish" not in "".join(span.to_json() for span in (produced, attended, anchor))


async def test_its_context_is_no_part_of_a_thought(redis: Any, traced: Settings) -> None:
    forgets = {"streams": traced.streams.model_copy(update={"forget_threshold": 0.5})}
    async with Mind.connect("ana", settings=traced.model_copy(update=forgets)) as mind:
        await mind.think("the kettle is on", salience=0.9)
        await mind.think("a door somewhere", salience=0.1)
        window = keys.WINDOW.key(mind="ana", window="sensory")
        assert all("traceparent" in fields for _, fields in await redis.xrange(window))
        report = await mind.attend()
        state = await mind.state()
        await anchored(mind)
        await mind.anchor("tea needs four minutes", traceparent=ELSEWHERE)
        seen = await anext(mind.attended(since="0"))
        shown = [report.attended, state, seen, *await mind.recall("kettle tea")]
        assert "traceparent" not in repr(shown)
        assert len(shown) == 5
    kept = [
        fields
        for family in (keys.EPISODIC, keys.UNCONSCIOUS)
        for _, fields in await redis.xrange(family.key(mind="ana"))
    ]
    kept += [
        await redis.hgetall(key) async for key in redis.scan_iter(keys.ITEM.glob_of(mind="ana"))
    ]
    assert len(kept) == 5 and "traceparent" not in repr(kept)


async def test_the_users_own_span_is_the_cause(traced: Settings, told: Told) -> None:
    async with Mind.connect("ana", settings=traced) as mind:
        with trace.get_tracer("their own").start_as_current_span("theirs") as theirs:
            await mind.think("the kettle is on")
    [produced] = told("thought.produce")
    assert produced.parent == theirs.get_span_context()


def test_also_without_async(traced: Settings, told: Told) -> None:
    tracer = trace.get_tracer("their own")
    with (
        BlockingMind.connect("ana", settings=traced) as mind,
        tracer.start_as_current_span("theirs") as theirs,
    ):
        mind.think("the kettle is on")
    [produced] = told("thought.produce")
    assert produced.parent == theirs.get_span_context()


@pytest.mark.parametrize("field", [ELSEWHERE, UNSAMPLED, "nonsense", "", "00-" + "0" * 70_000])
async def test_any_client_can_write_the_context(
    redis: Any, traced: Settings, told: Told, field: str
) -> None:
    window = keys.WINDOW.key(mind="ana", window="sensory")
    await redis.xadd(window, {"content": "from C", "traceparent": field[:60_000]})
    async with Mind.connect("ana", settings=traced) as mind:
        await anchored(mind)
        [memory] = await mind.recall("from C")
        assert "traceparent" not in memory.fields
    links = [origins(span) for span in told("thought.attend")]
    assert links == {ELSEWHERE: [[SPAN]], UNSAMPLED: []}.get(field, [[]])
    assert len(told("thought.anchor")) == len(links)


async def test_a_context_that_is_given_is_the_cause(traced: Settings, told: Told) -> None:
    async with Mind.connect("ana", settings=traced) as mind:
        await mind.think("the kettle is on", traceparent=ELSEWHERE)
        await anchored(mind)
    [produced], [attended] = told("thought.produce"), told("thought.attend")
    assert produced.parent is not None
    assert (produced.parent.trace_id, produced.parent.span_id) == (TRACE, SPAN)
    assert origins(attended) == [context_of(produced).span_id]


async def test_each_of_many_has_its_own(traced: Settings, told: Told) -> None:
    async with Mind.connect("ana", settings=traced) as mind:
        ids = await mind.feed(NewThought.of(f"number {n}", salience=0.9) for n in range(5))
        await anchored(mind)
    by_id = {id_of(span): span for span in told("thought.produce")}
    assert list(by_id) == ids
    for span in told("thought.attend"):
        assert origins(span) == [context_of(by_id[id_of(span)]).span_id]
    assert len(told("thought.anchor")) == 5


async def test_what_fits_without_a_context_is_taken(redis: Any, traced: Settings) -> None:
    own: dict[str, Any] = {f"field{n}": "x" for n in range(MOST_FIELDS - 2)}
    most = traced.streams.max_thought_bytes
    async with Mind.connect("ana", settings=traced) as mind:
        await mind.think("many fields", **own)
        await mind.think("x" * (most - len("content" + "salience" + "0.5")))
        await anchored(mind)
        audit = await mind.audit()
        assert (audit.anchored, audit.rejected) == (2, 0)


async def test_asked_twice_it_is_one_thought(traced: Settings, told: Told) -> None:
    async with Mind.connect("ana", settings=traced) as mind:
        once = await mind.think("tea", idempotency_key="k")
        assert await mind.think("tea", idempotency_key="k", traceparent=ELSEWHERE) == once
        with pytest.raises(KeyReused):
            await mind.think("coffee", idempotency_key="k")
    status = [span.status.status_code for span in told("thought.produce")]
    assert status == [StatusCode.UNSET, StatusCode.UNSET, StatusCode.ERROR]


async def test_a_thought_that_was_refused_is_told_as_failed(
    redis: Any, traced: Settings, told: Told
) -> None:
    await redis.set(keys.WINDOW.key(mind="ana", window="odd"), "no stream")
    async with Mind.connect("ana", settings=traced) as mind:
        with pytest.raises(InvalidThought):
            await mind.feed([NewThought.of("well"), NewThought.of("ill", window="odd")])
    await redis.delete(keys.WINDOW.key(mind="ana", window="odd"))
    status = [span.status.status_code for span in told("thought.produce")]
    assert status == [StatusCode.UNSET, StatusCode.ERROR]


async def test_what_was_vetoed_is_never_anchored(traced: Settings, told: Told) -> None:
    async with Mind.connect("ana", settings=traced) as mind:
        await mind.think("the kettle is on")
        attended = (await mind.attend()).attended
        assert attended is not None
        await mind.intervene(attended.id, "veto")
        await anchored(mind)
    assert len(told("thought.attend")) == 1 and not told("thought.anchor")
