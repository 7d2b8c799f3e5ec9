"""How well recall finds what answers a question, on conversations of the LoCoMo data set.

python -m tests.bench.recall [--feed] FILE...

Anchors every turn of a conversation as an episode, in order, or, with `--feed`, feeds them as
`thoughtstream feed` does, so that they reach memory by salience; then asks every question that has
evidence. Evidence recall@k: of the turns that a question's answer rests on, the part that is among
the first k memories; the mean over the questions.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.recall.servers import anchor, settings_for, settle, with_redisearch
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import StreamConfig
from thoughtstream.senses import locomo
from thoughtstream.senses.pace import Attention

SERVERS: dict[str, Callable[[Path], RedisServer]] = {
    "FTS5": lambda directory: RedisServer(programs()[WHEEL], directory),
    "RediSearch": with_redisearch,
}
"""By the index that recall uses there, a server."""


@dataclass(frozen=True)
class Conversation:
    """A conversation and what is asked about it."""

    name: str
    turns: Any
    questions: list[tuple[str, frozenset[str]]]

    @classmethod
    def read(cls, path: Path) -> "list[Conversation]":
        """Those of a LoCoMo file, which has one or a list; questions without evidence are left
        out.
        """
        content = json.loads(path.read_text())
        samples = content if isinstance(content, list) else [content]
        return [
            cls(
                name=str(sample.get("sample_id", path.stem)),
                turns=sample,
                questions=[
                    (asked["question"], frozenset(asked["evidence"]))
                    for asked in sample["qa"]
                    if asked.get("evidence")
                ],
            )
            for sample in samples
        ]


@dataclass
class Figures:
    """What was measured, a value a question."""

    index: str
    name: str
    at_10: list[float] = field(default_factory=list)
    at_5: list[float] = field(default_factory=list)
    reciprocal: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, evidence: frozenset[str], found: list[str], seconds: float) -> None:
        """Count one answer. `found`: the turns, best first."""
        self.at_10.append(len(evidence & set(found[:10])) / len(evidence))
        self.at_5.append(len(evidence & set(found[:5])) / len(evidence))
        right = (1 / rank for rank, turn in enumerate(found, 1) if turn in evidence)
        self.reciprocal.append(next(right, 0.0))
        self.seconds.append(seconds)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.index,
            "all",
            self.at_10 + other.at_10,
            self.at_5 + other.at_5,
            self.reciprocal + other.reciprocal,
            self.seconds + other.seconds,
        )


async def feed(mind: Mind, thoughts: list[NewThought]) -> None:
    """Have a mind attend to these, a batch at a time, and wait until it remembers them."""
    pace = Attention(mind.waiting, StreamConfig())
    fed: list[str] = []
    while len(fed) < len(thoughts):
        last = await mind.feed(thoughts[len(fed) :][: await pace.room(len(thoughts), ())])
        fed += last
        while await mind.waiting(last):
            await mind.attend()
    await settle(mind)


async def measure(
    server: RedisServer, index: str, conversation: Conversation, through_feed: bool = False
) -> Figures:
    """Feed a conversation to a new mind of this server and ask its questions."""
    figures = Figures(index, conversation.name)
    with tempfile.TemporaryDirectory() as home:
        settings = settings_for(server, Path(home))
        if through_feed:
            settings = settings.model_copy(update={"streams": StreamConfig(forget_threshold=0)})
        async with Mind.connect(conversation.name, settings=settings) as mind:
            turns = list(locomo.thoughts(conversation.turns, source=None, window="sensory"))
            await (feed if through_feed else anchor)(mind, turns)
            await mind.recall("first, so that the index is there", limit=1)
            assert mind._recall.index == index
            for question, evidence in conversation.questions:
                start = time.perf_counter()
                found = await mind.recall(question, limit=10)
                seconds = time.perf_counter() - start
                figures.add(evidence, [memory.fields["dia_id"] for memory in found], seconds)
    return figures


def measure_all(paths: list[Path], through_feed: bool = False) -> list[Figures]:
    """Every file with every index."""
    conversations = [sample for path in paths for sample in Conversation.read(path)]
    measured = []
    for index, make in SERVERS.items():
        with tempfile.TemporaryDirectory() as directory:
            server = make(Path(directory)).start()
            try:
                for conversation in conversations:
                    measured.append(asyncio.run(measure(server, index, conversation, through_feed)))
            finally:
                server.stop()
    return measured


def table(measured: list[Figures]) -> Table:
    """The figures, and those of all files together for each index."""
    result = Table("index", "file", "questions", "recall@10", "recall@5", "MRR", "p50 ms", "p95 ms")
    for index in SERVERS:
        rows = [figures for figures in measured if figures.index == index]
        if len(rows) > 1:
            rows.append(sum(rows[1:], start=rows[0]))
        for row in rows:
            times = statistics.quantiles(row.seconds, n=20)
            result.add_row(
                index,
                row.name,
                str(len(row.at_10)),
                *(f"{statistics.mean(v):.3f}" for v in (row.at_10, row.at_5, row.reciprocal)),
                *(f"{seconds * 1000:.1f}" for seconds in (times[9], times[18])),
            )
    return result


if __name__ == "__main__":
    files = [Path(argument) for argument in sys.argv[1:] if argument != "--feed"]
    if not files:
        sys.exit(__doc__)
    Console(width=100).print(table(measure_all(files, "--feed" in sys.argv[1:])))
