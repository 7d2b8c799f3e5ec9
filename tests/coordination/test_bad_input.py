"""What is wrong is refused by name; nothing is submitted, nothing is lost."""

import pytest

from thoughtstream import keys
from thoughtstream.config import QueueConfig
from thoughtstream.coordination.models import NewTask, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.errors import InvalidTask, MemoryFull, QueueFull
from thoughtstream.store.client import Client


async def test_a_payload_that_is_too_large_is_refused_with_the_cure(redis: Client) -> None:
    queue = Queue(redis, "q")
    with pytest.raises(InvalidTask, match=r"payload: has 16,777,216 bytes.*queue\.payload_bytes"):
        await queue.submit(NewTask("ok"), NewTask("x" * 16 * 1024**2))
    assert (await queue.audit()).submitted == 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"priority": 1024}, "priority"), ({"priority": -5000}, "priority"),
        ({"delay_s": -1}, "delay_s"), ({"delay_s": float("nan")}, "delay_s"),
        ({"max_attempts": 0}, "max_attempts"), ({"key": "two words"}, "key"),
        ({"key": "k" * 501}, "key"), ({"payload": None}, "payload"),
    ],
)  # fmt: skip
def test_a_field_out_of_range_is_named(fields: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidTask, match=f"^{named}: "):
        NewTask(**({"payload": "x"} | fields))  # type: ignore[arg-type]


async def test_too_many_at_once_and_bad_names(redis: Client) -> None:
    queue = Queue(redis, "q")
    with pytest.raises(InvalidTask, match="submit at most 1000"):
        await queue.submit(*[NewTask("x")] * 1001)
    with pytest.raises(InvalidTask, match="queue"):
        Queue(redis, "")
    with pytest.raises(InvalidTask, match="name"):
        await queue.round("no blanks, please", claim=1)


async def test_a_queue_that_is_full_refuses_all_of_a_submission(redis: Client) -> None:
    queue = Queue(redis, "q", QueueConfig(entries=3))
    await queue.submit(NewTask("1"), NewTask("2"))
    with pytest.raises(QueueFull, match=r"q: has 2 tasks.*no room for 2 more.*queue\.entries"):
        await queue.submit(NewTask("3"), NewTask("4"))
    assert (await queue.audit()).submitted == 2
    small = Queue(redis, "small", QueueConfig(bytes=1024))
    with pytest.raises(QueueFull, match=r"queue\.bytes"):
        await small.submit(*[NewTask("x" * 300)] * 4)


@pytest.mark.parametrize("name", ["{x}", "a{b", "}{", "a b:c%7B", "日本語", "%"])
async def test_any_name_is_a_queue_of_its_own(redis: Client, name: str) -> None:
    queue, other = Queue(redis, name), Queue(redis, "x")
    await queue.submit(NewTask("\udcff is no UTF-8"))
    assert (await other.audit()).submitted == 0
    [claim] = (await queue.round("w", claim=1)).claims
    assert claim.payload == "\udcff is no UTF-8"
    assert all(keys.family_of(str(key)) for key in await redis.keys())


async def test_a_full_redis_refuses_new_tasks_and_is_drained(redis: Client) -> None:
    queue = Queue(redis, "q")
    ids = await queue.submit(*(NewTask(str(n)) for n in range(20)))
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(MemoryFull):
            await queue.submit(NewTask("one more"))
        claims = (await queue.round("w", claim=20)).claims
        done = await queue.round("w", [Report.done(claim, "ok") for claim in claims])
    finally:
        await redis.config_set("maxmemory", 0)
    assert [claim.id for claim in claims] == ids
    assert not done.lost
    audit = await queue.audit()
    assert (audit.completed, audit.submitted, audit.balanced) == (20, 20, True)


async def test_results_are_kept_up_to_a_size(redis: Client) -> None:
    queue = Queue(redis, "q", QueueConfig(results_bytes=10_000))
    for _ in range(20):
        await queue.submit(*[NewTask("x")] * 100)
        claims = (await queue.round("w", claim=100)).claims
        await queue.round("w", [Report.done(claim, "y" * 50) for claim in claims])
    await queue.round("w")
    audit = await queue.audit()
    assert (audit.completed, audit.balanced) == (2000, True)
    assert 40 <= audit.results <= 50, "of 200 bytes each, with what each costs"
    assert audit.result_bytes <= 10_000
