"""Draws a run of evolution: what its best keeps, generation after generation, beside random search.

    thoughtstream colony status --json | python -m tests.bench.colony_picture > FILE.svg

Lines: of the conversations that were trained on. Dots at the right: of those that were held out.
"""

import json
import sys
from typing import Any

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 300, 56, 170, 24, 40
_COLOURS = {"incumbent": "#8a8f98", "evolved": "#2f7ed8", "random": "#c9772b"}
_NAMES = {"incumbent": "settings it began with", "evolved": "evolved", "random": "random search"}


class _Scale:
    """Where on the picture a generation and what is kept are."""

    def __init__(self, generations: int, kept: list[float]) -> None:
        self._generations = generations
        self.low, self.high = min(kept) - 0.02, max(kept) + 0.02

    def x(self, generation: int) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * generation / max(self._generations, 1)

    def y(self, kept: float) -> float:
        part = (kept - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * part


def picture(told: dict[str, Any]) -> str:
    """Of what `thoughtstream colony status --json` tells."""
    ways, past = told["ways"], told["history"]
    first = ways["incumbent"]["trained"]
    lines = {way: [first, *(one[way] for one in past)] for way in ("evolved", "random")}
    lines["incumbent"] = [first] * (len(past) + 1)
    dots = {way: its["held_out"] for way, its in ways.items() if its["held_out"] is not None}
    scale = _Scale(len(past), [*(kept for line in lines.values() for kept in line), *dots.values()])
    parts = [*_axes(scale, len(past), told)]
    for way, line in lines.items():
        points = " ".join(f"{scale.x(at):.1f},{scale.y(kept):.1f}" for at, kept in enumerate(line))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{_COLOURS[way]}" stroke-width="2"/>'
        )
    for way, kept in dots.items():
        x, y = _WIDTH - _RIGHT + 14, scale.y(kept)
        parts.append(f'<circle cx="{x}" cy="{y:.1f}" r="4" fill="{_COLOURS[way]}"/>')
    parts += _legend(lines, dots)
    style = "font-family:system-ui,sans-serif;font-size:12px;fill:#6b7280"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'{head} style="{style}">\n' + "\n".join(parts) + "\n</svg>\n"


def _axes(scale: _Scale, generations: int, told: dict[str, Any]) -> list[str]:
    found = []
    for at in range(5):
        kept = scale.low + (scale.high - scale.low) * at / 4
        y = scale.y(kept)
        found.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" '
            f'stroke="#d5d9e0"/><text x="{_LEFT - 8}" y="{y + 4:.1f}" '
            f'text-anchor="end">{kept:.2f}</text>'
        )
    said = (
        f"{generations} generations, {told['evaluations']:,} evaluations by "
        f"{told['workers_so_far']} workers, {told['kills']} of them killed"
    )
    return [*found, f'<text x="{_LEFT}" y="{_HEIGHT - 12}">{said}</text>',
            f'<text x="{_LEFT}" y="14">evidence kept: trained on</text>',
            f'<text x="{_WIDTH - _RIGHT - 14}" y="14">held out</text>']  # fmt: skip


def _legend(lines: dict[str, list[float]], dots: dict[str, float]) -> list[str]:
    found = []
    for at, way in enumerate(_NAMES):
        y = _TOP + 40 + 44 * at
        kept = f"{lines[way][-1]:.3f}, held out {dots[way]:.3f}" if way in dots else ""
        found.append(
            f'<text x="{_WIDTH - _RIGHT + 28}" y="{y}" style="fill:{_COLOURS[way]}">{_NAMES[way]}'
            f'</text><text x="{_WIDTH - _RIGHT + 28}" y="{y + 16}">{kept}</text>'
        )
    return found


if __name__ == "__main__":
    sys.stdout.write(picture(json.load(sys.stdin)))
