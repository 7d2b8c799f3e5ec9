"""Nothing that was known is thrown away by likeness."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sleep.memories import Past, remember
from tests.sleep.pairs import PAIRS
from tests.sleep.properties import many
from thoughtstream import Mind

letters = st.characters(categories=["Ll", "Lo", "Nd"], max_codepoint=0x5FF)
word = st.text(letters, min_size=2, max_size=9)
"""Of the scripts that have blanks between words."""


@pytest.mark.parametrize("pair", PAIRS)
async def test_both_of_a_pair_are_recalled(redis: Any, mind: Mind, pair: tuple[str, str]) -> None:
    await remember(redis, "ana", [Past(text) for text in pair * 3])
    for _ in range(3):
        await mind.sleep()
    for text in pair:
        found = [memory.content for memory in await mind.recall(text, kind="episodic")]
        assert sorted(found) == sorted(pair)
    gists = [memory.content for memory in await mind.recall(pair[0], kind="semantic")]
    assert sorted(gists) == sorted(pair), "each is distilled by itself"


def test_two_texts_that_differ_in_one_word_are_both_recalled(on_server: Any) -> None:
    @many
    @given(
        st.lists(word, min_size=1, max_size=20), st.data(),
        st.lists(word, min_size=2, max_size=2, unique=True), st.integers(1, 3), st.integers(1, 3),
    )  # fmt: skip
    def property_(
        around: list[str], data: st.DataObject, two: list[str], times: int, sleeps: int
    ) -> None:
        at = data.draw(st.integers(0, len(around)))
        texts = [" ".join([*around[:at], one, *around[at:]]) for one in two]

        async def work(redis: Any, mind: Mind) -> None:
            await remember(redis, "ana", [Past(text) for text in texts * times])
            for _ in range(sleeps):
                await mind.sleep()
            for text in texts:
                found = await mind.recall(text, kind="episodic")
                assert text in [memory.content for memory in found]

        on_server(work)

    property_()


async def test_a_gist_states_no_number_that_an_episode_denies(redis: Any, mind: Mind) -> None:
    told = [f"Anna has {n} children and 2 cats" for n in (1, 3, 3)]
    await remember(redis, "ana", [Past(text) for text in told])
    await mind.sleep()
    [gist] = await mind.recall("Anna", kind="semantic")
    assert gist.content == "Anna has … children and 2 cats"
    await mind.anchor("Anna has 3 children and 4 cats")
    await mind.sleep()
    [gist] = await mind.recall("Anna", kind="semantic")
    assert gist.content == "Anna has … children and … cats"
