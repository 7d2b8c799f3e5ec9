"""Text and edges can be seen on every ground, in both themes (WCAG 2.2: 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

from thoughtstream.faces.web import page

STYLE = (Path(page.__file__).parent / "page.css").read_text()
TOKENS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLE
    )
}
GROUNDS = ("paper", "raised", "sunk")
WASHES = ("bad-wash", "warn-wash", "mark")
NO_TEXT = {*GROUNDS, *WASHES, "line", "edge"}


def _luminance(colour: str) -> float:
    """Of `#rrggbb`, 0 to 1. Source: WCAG 2.2, "relative luminance"."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = map(_linear, parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_and_edges_stand_out(theme: str, ground: str) -> None:
    on = TOKENS[ground][theme]
    found = {name: _contrast(token[theme], on) for name, token in TOKENS.items()}
    faint = {name: ratio for name, ratio in found.items() if name not in NO_TEXT and ratio < 4.5}
    assert not faint
    assert found["edge"] >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ink_stands_out_on_every_wash(theme: str) -> None:
    for wash in WASHES:
        assert _contrast(TOKENS["ink"][theme], TOKENS[wash][theme]) >= 7
    assert _contrast(TOKENS["bad"][theme], TOKENS["bad-wash"][theme]) >= 4.5
    assert _contrast(TOKENS["warn"][theme], TOKENS["warn-wash"][theme]) >= 4.5


def test_every_window_has_a_colour_of_its_own() -> None:
    windows = {"sensory", "memory", "emotion", "reasoning", *(f"other-{n}" for n in range(6))}
    assert windows <= TOKENS.keys()
    assert len({TOKENS[window]["light"] for window in windows}) == len(windows)
