"""What is too large is refused before it has an id, and what is not is never rejected later."""

from typing import Any

import pytest

from thoughtstream import Mind, keys
from thoughtstream.attention.models import MOST_FIELDS, NewThought
from thoughtstream.config import Settings
from thoughtstream.errors import InvalidThought

MOST_BYTES = 300


@pytest.fixture
def small(settings: Settings) -> Settings:
    streams = settings.streams.model_copy(update={"max_thought_bytes": MOST_BYTES})
    return settings.model_copy(update={"streams": streams})


def largest(letter: str) -> str:
    others = sum(len(name) + len(value) for name, value in NewThought(content="-").entry().items())
    return letter * ((MOST_BYTES - others + 1) // len(letter.encode()))


@pytest.mark.parametrize("letter", ["x", "é", "語"])
async def test_size(small: Settings, letter: str) -> None:
    async with Mind.connect("ana", settings=small) as mind:
        await mind.think(largest(letter))
        with pytest.raises(InvalidThought, match=r"size: 30[1-3] bytes; the most is 300"):
            await mind.think(largest(letter) + letter)
        with pytest.raises(InvalidThought, match="size"):
            await mind.feed([NewThought.of("small"), NewThought.of(largest(letter) + letter)])
        await mind.attend()
        audit = await mind.audit()
    assert (audit.attended, audit.rejected, audit.unread) == (1, 0, 0)


async def test_number_of_fields(settings: Settings) -> None:
    fields: dict[str, Any] = {
        f"f{number}": "" for number in range(MOST_FIELDS - 2)
    }  # and content and salience
    async with Mind.connect("ana", settings=settings) as mind:
        await mind.think("hello", **fields)
        with pytest.raises(InvalidThought, match="fields: 65; the most is 64"):
            await mind.think("hello", **fields, more="")
        await mind.attend()
        audit = await mind.audit()
    assert (audit.attended, audit.rejected) == (1, 0)


@pytest.mark.parametrize("extra", ["x", {"tag": "\ud800"}, {"salience": "9"}, {"content": "y"}, 7])
async def test_fields_that_are_none(settings: Settings, extra: Any) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        with pytest.raises(InvalidThought, match=r"extra|salience|content"):
            await mind.think("hello", extra=extra)
        with pytest.raises(InvalidThought, match="tag: is not UTF-8"):
            await mind.think("hello", tag="\udcff")


async def test_a_window_that_takes_none_says_how_many_the_others_took(settings: Settings) -> None:
    async with Mind.connect("ana", settings=settings) as mind:
        await mind._redis.set(keys.WINDOW.key(mind="ana", window="broken"), "x")
        thoughts = [NewThought.of("x", window=name) for name in ("sensory", "broken", "emotion")]
        with pytest.raises(InvalidThought, match="can't take thoughts") as refused:
            await mind.feed(thoughts)
        await mind.attend()
        audit = await mind.audit()
    assert refused.value.accepted == 2 == audit.adopted
