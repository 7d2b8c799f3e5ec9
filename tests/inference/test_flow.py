"""Flow: what is new, what is taken up, and what that is called."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thoughtstream.inference.flow import Floats, flow, label


def beliefs(*states: int, of: int = 4) -> Floats:
    """Moments at which one state is nearly sure."""
    found = np.full((len(states), of), 0.01)
    found[np.arange(len(states)), states] = 1
    return np.asarray(found / found.sum(axis=1, keepdims=True))


@given(
    st.lists(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), min_size=1, max_size=12),
    st.integers(1, 5),
    st.permutations(range(3)),
)
def test_it_is_as_defined_and_of_no_order_of_states(
    amounts: list[list[float]], window: int, order: list[int]
) -> None:
    given_ = np.array(amounts)
    given_ /= given_.sum(axis=1, keepdims=True)
    found, other = flow(given_, window), flow(given_[:, order], window)
    for at, one in enumerate(given_):
        before = given_[max(at - window, 0) : at]
        said = [float((one * np.log(one / past)).sum()) for past in before]
        assert found.novelty[at] == pytest.approx(np.mean(said) if said else 0, abs=1e-9)
    assert np.allclose(found.transience[::-1], flow(given_[::-1], window).novelty)
    assert ((found.compression >= 0) & (found.compression <= 1)).all()
    for name in ("novelty", "transience", "resonance", "compression"):
        assert np.allclose(getattr(found, name), getattr(other, name))


def test_what_is_new_and_stays_resonates_and_what_does_not_is_a_splash() -> None:
    assert flow(beliefs(0, 0, 0, 1, 1, 1), 2).label(3) == "new course"
    assert flow(beliefs(0, 0, 0, 1, 0, 0), 2).label(3) == "rapids"
    assert flow(beliefs(0, 1, 1, 2, 2), 2).label(2) == "splash"
    assert flow(beliefs(0, 0, 0, 0, 0, 0), 3).label() == "whirlpool"
    assert flow(np.full((5, 4), 0.25), 3).label() == "pool"


def test_every_flow_has_a_name() -> None:
    rows = {label(novelty, compression, resonance) for novelty in (0, 0.2, 9)
            for compression in (0, 0.7, 1) for resonance in (-5, 0, 5)}  # fmt: skip
    assert rows == {"new course", "splash", "rapids", "whirlpool", "pool", "stream"}
