"""How much of what is asked later attention keeps, when it can take only a share of what is said.

    python -m tests.bench.attention [--share 0.2] [--json] FILE...

Each conversation of the LoCoMo data set becomes thoughts as `thoughtstream feed` makes them; the
most salient are kept, ties by who came first, as in a contest. Measured is the part kept of all
pairs of a question and a turn that its answer rests on (questions count as often as they have such
turns; a turn, as often as it is needed).

- kept: by the salience that `feed` estimates
- chance: the share itself, what a choice by lot keeps on average
- length: by the number of words
- ideal: the turns that most questions need, which nobody can know when they are said

Then how long it takes to tell how salient a text is, as a multiple of taking its words.
"""

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.recall import Conversation
from tests.senses.locomo import turns_of
from thoughtstream.evolving import dialogues
from thoughtstream.language.words import words
from thoughtstream.senses import salience
from thoughtstream.senses.hearing import Hearing

_SHARE = 0.2
_ROUNDS = 9


@dataclass(frozen=True)
class Kept:
    """The part of the evidence that each choice keeps, 0 to 1."""

    kept: float
    chance: float
    length: float
    ideal: float


def needed(conversation: Conversation) -> Counter[str]:
    """By turn, how many questions need it."""
    turns = [turn.extra["dia_id"] for turn in turns_of(conversation.turns)]
    return dialogues.needed(turns, (one.evidence for one in conversation.questions))


def part_kept(needs: Sequence[int], worth: Sequence[float], share: float) -> float:
    """The part of all needs that the turns of most worth have; of equal worth, the first."""
    chosen = sorted(range(len(needs)), key=lambda at: (-worth[at], at))
    room = round(share * len(needs))
    return sum(needs[at] for at in chosen[:room]) / max(sum(needs), 1)


def measured(conversation: Conversation, share: float) -> Kept:
    """Of a conversation, when so much of it is attended."""
    turns = turns_of(conversation.turns)
    asked = needed(conversation)
    needs = [asked[turn.extra["dia_id"]] for turn in turns]
    return Kept(
        kept=part_kept(needs, [turn.salience for turn in turns], share),
        chance=round(share * len(turns)) / len(turns),
        length=part_kept(needs, [len(words(turn.content)) for turn in turns], share),
        ideal=part_kept(needs, needs, share),
    )


def speed(conversations: Sequence[Conversation]) -> dict[str, float]:
    """Microseconds of a processor a text to tell how salient it is, and to take its words only, the
    least of rounds that take turns; their ratio.
    """
    texts = [turn.content for one in conversations for turn in turns_of(one.turns)]
    heard, plain = [], []
    for _ in range(_ROUNDS):
        heard.append(_taken(partial(_hear, texts)) / len(texts))
        plain.append(_taken(lambda: [words(text) for text in texts]) / len(texts))
    took, least = min(heard) * 1e6, min(plain) * 1e6
    return {"heard_us": took, "words_us": least, "ratio": took / least}


def _hear(texts: Sequence[str]) -> None:
    hearing = Hearing()
    for text in texts:
        salience.of_text(hearing.hear(text))


def _taken(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def table(found: dict[str, Kept], share: float) -> Table:
    """A row a conversation, and their mean."""
    result = Table(title=f"Evidence kept by attention to {share:.0%} of what is said")
    for name in ("conversation", *(one.name for one in fields(Kept))):
        result.add_column(name, justify="right" if name != "conversation" else "left")
    for name, one in found.items():
        result.add_row(name, *(f"{value:.3f}" for value in asdict(one).values()))
    return result


def mean(found: Sequence[Kept]) -> Kept:
    """Of several conversations, each counting the same."""
    return Kept(
        **{
            one.name: statistics.fmean(getattr(each, one.name) for each in found)
            for one in fields(Kept)
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument(
        "--share", type=_part, default=_SHARE, help="what can be attended to, 0 to 1"
    )
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    conversations = [one for path in given.files for one in Conversation.read(path)]
    found = {one.name: measured(one, given.share) for one in conversations}
    found["mean"] = mean(list(found.values()))
    took = speed(conversations)
    if given.json:
        kept = {name: asdict(one) for name, one in found.items()}
        print(json.dumps({"share": given.share, "conversations": kept, "speed": took}))  # noqa: T201
        return
    console = Console(width=100)
    console.print(table(found, given.share))
    console.print(
        f"heard: {took['heard_us']:.0f} µs a text, {took['ratio']:.1f} times what its words take"
    )


def _part(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"should be over 0, up to 1 (given: {text})")
    return share


if __name__ == "__main__":
    main()
