"""Recorded conversations and what is asked of them later, in the form of the LoCoMo data set."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thoughtstream.attention.models import NewThought
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.senses import locomo
from thoughtstream.senses.objects import Defaults


class NoDialogue(ThoughtstreamError):
    """A file has no conversation of which something is asked; the message names it."""


@dataclass(frozen=True)
class Dialogue:
    """A conversation. `needs`: by the `dia_id` of a turn, how many questions need it."""

    name: str
    conversation: Any
    needs: dict[str, int]

    @classmethod
    def read(cls, path: Path) -> "list[Dialogue]":
        """Those of a file, which has one or a list.

        Raises:
            NoDialogue: it can't be read, or nothing is asked of one of them.
        """
        try:
            content = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise NoDialogue(f"{path}: {error}; give a conversation in LoCoMo's form") from None
        samples = content if isinstance(content, list) else [content]
        return [cls._of(one, path, at) for at, one in enumerate(samples)]

    @classmethod
    def _of(cls, sample: Any, path: Path, at: int) -> "Dialogue":
        asked = sample.get("qa") if isinstance(sample, dict) else None
        if not isinstance(asked, list) or not asked:
            raise NoDialogue(f"{path}: conversation {at + 1} has no `qa`: nothing is asked of it")
        said = {name: value for name, value in sample.items() if name != "qa"}
        name = str(sample.get("sample_id", path.stem))
        thoughts = list(turns(said, Defaults("sensory", None, 65_536)))
        needs = needed([one.extra["dia_id"] for one in thoughts], _evidence(asked))
        if not needs:
            raise NoDialogue(f"{path}: no question of {name} says which turns it rests on")
        return cls(name, said, dict(needs))

    @classmethod
    def parse(cls, text: str) -> "Dialogue":
        """What `as_json` made."""
        return cls(**json.loads(text))

    def as_json(self) -> str:
        """As a text, always the same."""
        said = {"name": self.name, "conversation": self.conversation, "needs": self.needs}
        return json.dumps(said, sort_keys=True)

    @property
    def digest(self) -> str:
        """Of all that is in it."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()


def turns(conversation: Any, defaults: Defaults) -> Iterable[NewThought]:
    """The turns as thoughts, as `feed` makes them; those that can be none are left out."""
    for turn in locomo.thoughts(conversation, defaults):
        if isinstance(turn, NewThought):
            yield turn


def needed(turns: Sequence[str], evidence: Iterable[Iterable[str]]) -> Counter[str]:
    """By turn, how many questions need it. `evidence`: of each question, the turns that its answer
    rests on; turns that are not among `turns` don't count.
    """
    known = set(turns)
    return Counter(turn for one in evidence for turn in set(one) if turn in known)


def _evidence(asked: Iterable[Any]) -> Iterable[list[str]]:
    for one in asked:
        if isinstance(one, dict) and isinstance(one.get("evidence"), list):
            yield [str(turn) for turn in one["evidence"]]
