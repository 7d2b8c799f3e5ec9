"""Minds to be moved: what they have, told so that two can be compared."""

import io
from typing import Any

from tests.recall.servers import anchor, settle
from thoughtstream import Mind, keys
from thoughtstream.attention.models import NewThought

ODD = "tea \x1b[31m \x9b \x00 \u2028 我的笔记本 🫖 {x} %7B\n"


async def live(mind: Mind) -> None:
    """A mind that has anchored, attended, forgotten, merged, distilled and strengthened."""
    await anchor(mind, [
        NewThought.of("the kettle is on", valence=-0.5, source="ana"),
        *[NewThought.of("the kettle is hot", window="a {b}")] * 3,
        NewThought.of(ODD, kind="semantic", at="2021-03-04", odd="\x85"),
        NewThought.of("pour gently", kind="procedural"),
    ])  # fmt: skip
    weak = [NewThought.of(f"weak {n}", salience=0.01) for n in range(5)]
    await mind.feed([*weak, NewThought.of("strong", salience=0.9)])
    await settle(mind)
    report = await mind.sleep()
    assert report.merged and report.distilled


async def exported(mind: Mind) -> str:
    """A whole export."""
    return "".join([line async for line in mind.export()])


def as_file(text: str | bytes) -> io.BytesIO:
    return io.BytesIO(text.encode() if isinstance(text, str) else text)


async def told(redis: Any, mind: str) -> dict[str, Any]:
    """All that a mind remembers and has forgotten, and the order it has in time."""
    found: dict[str, Any] = {}
    for family in (*keys.MEMORIES.values(), keys.UNCONSCIOUS, keys.MERGED):
        found[family.name] = await redis.xrange(family.key(mind=mind))
    prefix = keys.ITEM.key(mind=mind, id="_")[:-1]
    for key in await redis.keys(keys.ITEM.glob_of(mind=mind)):
        found[key.removeprefix(prefix)] = await redis.hgetall(key)
    for kind in keys.MEMORIES:
        found[f"in time {kind}"] = await redis.zrange(
            keys.TIMELINE.key(mind=mind, kind=kind), 0, -1
        )
    return found
