"""Fits what makes a text salient to conversations in LoCoMo's form.

    uv run python -m tests.bench.fit_attention [--share 0.2] FILE...

The chance of a turn to be what a question needs is a softmax, over all turns of its conversation,
of what the turn tells (`thoughtstream.senses.salience.Told`). The weights make the needed turns
most likely, kept small (L2, in standard deviations of each).

Held out: each conversation is attended to by weights fitted on the others only. Beside it is what
the product's weights keep (`tests.bench.attention` says how it is counted). Last come the weights
fitted on all, with the sum of the product's.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from tests.bench.attention import needed, part_kept
from tests.bench.fit_recall import Example, fit
from tests.bench.recall import Conversation
from tests.senses.locomo import turns_of
from thoughtstream.errors import InvalidThought
from thoughtstream.senses import locomo
from thoughtstream.senses.hearing import Hearing
from thoughtstream.senses.objects import Defaults
from thoughtstream.senses.salience import TEXT_WEIGHTS, Told

_L2 = 60.0

Array = Any


class _Noting(Hearing):
    """Keeps what each text told."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Told] = []

    def hear(self, text: str) -> Told:
        self.heard.append(super().hear(text))
        return self.heard[-1]


def told_by(conversation: Conversation) -> Array:
    """What each turn tells [turns x parts of Told]."""
    noting = _Noting()
    for turn in locomo.thoughts(conversation.turns, Defaults("sensory", None, 65_536, noting)):
        if isinstance(turn, InvalidThought):
            raise turn
    return np.array(noting.heard)


def examples(conversation: Conversation, told: Array) -> list[Example]:
    """Of every question."""
    where = {turn.extra["dia_id"]: at for at, turn in enumerate(turns_of(conversation.turns))}
    found = []
    for asked in conversation.questions:
        known = [where[turn] for turn in sorted(asked.evidence) if turn in where]
        found.append(Example(told, known, len(asked.evidence) - len(known)))
    return found


def kept(conversation: Conversation, worth: Array, share: float) -> float:
    """The part of the evidence that attention keeps if turns are worth this."""
    asked = needed(conversation)
    needs = [asked[turn.extra["dia_id"]] for turn in turns_of(conversation.turns)]
    return part_kept(needs, list(worth), share)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--share", type=float, default=0.2)
    given = parser.parse_args()
    conversations = [one for path in given.files for one in Conversation.read(path)]
    told = [told_by(one) for one in conversations]
    known = [examples(*pair) for pair in zip(conversations, told, strict=True)]
    console = Console(width=100)
    for at, one in enumerate(conversations):
        figures = {"product": kept(one, told[at] @ np.array(TEXT_WEIGHTS), given.share)}
        if others := [each for other, some in enumerate(known) if other != at for each in some]:
            figures["held out"] = kept(one, told[at] @ fit(others, _L2), given.share)
        said = (f"{name} {figure:.3f}" for name, figure in figures.items())
        console.print(f"{one.name}: {', '.join(said)}")
    weights = fit([each for some in known for each in some], _L2)
    weights *= sum(TEXT_WEIGHTS) / weights.sum()
    console.print(f"fitted on all: {Told(*weights.round(3).tolist())}")


if __name__ == "__main__":
    main()
