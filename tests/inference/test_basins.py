"""Basins: the same concept is one, what differs in a word that tells never is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.test_similarity import DIFFERENT
from tests.sleep.pairs import PAIRS
from thoughtstream.inference.basins import Basins, recalled

SAID = ("The kettle is on.", "the KETTLE is on", "kettle on!", "The kettles are on …")


def test_the_same_concept_twenty_times_is_one_basin_that_gets_deeper() -> None:
    basins, depths = Basins(), []
    for at in range(20):
        basin = basins.visit(SAID[at % len(SAID)].replace("kettle on!", "the kettle's on"))
        assert basin is not None
        depths.append(basin.depth)
    [basin] = basins.all
    assert (basin.concept, basin.visits) == (SAID[0], 20)
    assert depths == sorted(set(depths)) and 0 < depths[0] < depths[-1] < 1


@pytest.mark.parametrize(("one", "other"), [*PAIRS, *DIFFERENT])
def test_what_says_something_else_is_another_basin(one: str, other: str) -> None:
    """A negation, another number, another name."""
    basins = Basins()
    found = [basin for text in (one, other) * 3 if (basin := basins.visit(text))]
    assert len({basin.concept for basin in found}) == len({text for text in (one, other) if found})


@given(st.lists(st.text(max_size=12), max_size=20), st.floats(0, 1))
def test_no_text_weakens_a_basin(texts: list[str], activation: float) -> None:
    basins = Basins()
    for text in ("the kettle is on", *texts):
        before = {basin.concept: basin for basin in basins.all}
        basins.visit(text, activation)
        after = {basin.concept: basin for basin in basins.all}
        assert all(after[concept].depth >= was.depth for concept, was in before.items())
        assert sum(basin.visits for basin in after.values()) <= 1 + sum(
            basin.visits for basin in before.values()
        )


def test_a_paraphrase_that_likeness_does_not_know_takes_nothing() -> None:
    basins = Basins()
    before = basins.visit("the kettle is boiling")
    assert basins.visit("water is coming to the boil in the pot")
    assert basins.all[0] == before


def test_a_pattern_is_recalled_from_a_noisy_cue() -> None:
    random = np.random.default_rng(0)
    patterns = random.normal(size=(256, 64))
    patterns /= np.linalg.norm(patterns, axis=1, keepdims=True)
    chosen = random.integers(256, size=200)
    for at in chosen:
        cue = patterns[at] + random.normal(0, 0.5 / 8, 64)
        found = recalled(patterns, cue)
        assert int(np.argmax(patterns @ found)) == at
