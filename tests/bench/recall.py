"""How well recall finds what answers a question, on conversations of the LoCoMo data set.

    python -m tests.bench.recall [--feed] [--among FILE] [--json FILE] [--against FILE] FILE...

Anchors every turn of a conversation as an episode, in order, or, with `--feed`, feeds them as
`thoughtstream feed` does, so that they reach memory by salience; then asks every question that has
evidence. Evidence recall@k: of the turns that a question's answer rests on, the part that is among
the first k memories; the mean over the questions. MRR: of one over the place of the first of them.
`--among`: in a mind that remembers first what is in another file, of any format that `feed` reads.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.recall_figures import NAMES, Answer, as_json, compared, from_json, means
from tests.recall.servers import anchor, settings_for, settle, with_redisearch
from tests.senses.locomo import turns_of
from tests.servers import WHEEL, RedisServer, programs
from thoughtstream import Mind
from thoughtstream.attention.models import NewThought
from thoughtstream.config import StreamConfig
from thoughtstream.senses.formats import Reader
from thoughtstream.senses.objects import Defaults
from thoughtstream.senses.pace import Attention

SERVERS: dict[str, Callable[[Path], RedisServer]] = {
    "FTS5": lambda directory: RedisServer(programs()[WHEEL], directory),
    "RediSearch": with_redisearch,
}
"""By the index that recall uses there, a server."""

_MOST = 20


@dataclass(frozen=True)
class Asked:
    """A question, the turns that its answer rests on, and its category, if it has one."""

    question: str
    evidence: frozenset[str]
    category: str


@dataclass(frozen=True)
class Conversation:
    """A conversation and what is asked about it."""

    name: str
    turns: Any
    questions: list[Asked]

    @classmethod
    def read(cls, path: Path) -> "list[Conversation]":
        """Those of a LoCoMo file, which has one or a list; questions without evidence are left
        out.
        """
        content = json.loads(path.read_text())
        return cls.of(content, path.stem)

    @classmethod
    def of(cls, content: Any, name: str) -> "list[Conversation]":
        """Those of the content of such a file."""
        samples = content if isinstance(content, list) else [content]
        return [
            cls(
                name=str(sample.get("sample_id", name)),
                turns=sample,
                questions=[
                    Asked(
                        asked["question"],
                        frozenset(asked["evidence"]),
                        str(asked.get("category", "")),
                    )
                    for asked in sample["qa"]
                    if asked.get("evidence")
                ],
            )
            for sample in samples
        ]


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


def others(path: Path) -> list[NewThought]:
    """What is in a file."""
    reader = Reader(path, None, Defaults("sensory", None, 65_536))
    lines = enumerate(path.read_bytes().splitlines(), 1)
    return [one for one in (*reader.read(lines), *reader.end()) if isinstance(one, NewThought)]


async def measure(
    server: RedisServer,
    index: str,
    conversation: Conversation,
    through_feed: bool = False,
    among: Sequence[NewThought] = (),
) -> list[Answer]:
    """Feed a conversation to a new mind of this server and ask its questions."""
    answers = []
    with tempfile.TemporaryDirectory() as home:
        settings = settings_for(server, Path(home))
        if through_feed:
            settings = settings.model_copy(update={"streams": StreamConfig(forget_threshold=0)})
        async with Mind.connect(conversation.name, settings=settings) as mind:
            turns = turns_of(conversation.turns)
            await anchor(mind, among)
            await (feed if through_feed else anchor)(mind, turns)
            await mind.recall("first, so that the index is there", limit=1)
            assert mind._recall.index == index
            for asked in conversation.questions:
                start = time.perf_counter()
                found = await mind.recall(asked.question, limit=_MOST)
                seconds = time.perf_counter() - start
                turns_found = [memory.fields.get("dia_id", "") for memory in found]
                about = (index, conversation.name, asked.question, asked.category)
                answers.append(Answer.of(*about, asked.evidence, turns_found, seconds))
    return answers


def measure_all(
    paths: Iterable[Path], through_feed: bool = False, among: Sequence[NewThought] = ()
) -> list[Answer]:
    """Every file with every index."""
    conversations = [sample for path in paths for sample in Conversation.read(path)]
    measured: list[Answer] = []
    for index, make in SERVERS.items():
        with tempfile.TemporaryDirectory() as directory:
            server = make(Path(directory)).start()
            try:
                for conversation in conversations:
                    answers = measure(server, index, conversation, through_feed, among)
                    measured += asyncio.run(answers)
            finally:
                server.stop()
    return measured


def groups(answers: Iterable[Answer]) -> dict[tuple[str, str], list[Answer]]:
    """By index: each file, each category, and all."""
    found: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        names = [answer.file, "all"]
        if answer.category:
            names.insert(1, f"category {answer.category}")
        for name in names:
            found.setdefault((answer.index, name), []).append(answer)
    return dict(sorted(found.items(), key=lambda one: (one[0][0], *_order(one[0][1]))))


def _order(name: str) -> tuple[int, str]:
    return (2 if name == "all" else int(name.startswith("category "))), name


def table(measured: list[Answer]) -> Table:
    """The figures of each file, of each category, and of all together, for each index."""
    result = Table("index", "of", "questions", *NAMES, "p50 ms", "p95 ms")
    for (index, name), answers in groups(measured).items():
        seconds = [answer.seconds * 1000 for answer in answers] * 2  # quantiles need two
        times = statistics.quantiles(seconds, n=20)
        result.add_row(
            index, name, str(len(answers)),
            *(f"{value:.3f}" for value in means(answers)),
            *(f"{at:.1f}" for at in (times[9], times[18])),
        )  # fmt: skip
    return result


def comparison(measured: list[Answer], before: list[Answer]) -> Table:
    """What changed since an earlier run, in pairs; between brackets, 95% of resamples."""
    result = Table("index", "of", *NAMES, title="Change, in pairs")
    for (index, name), answers in groups(measured).items():
        if name == "all" or name.startswith("category "):
            changes = compared(answers, before)
            result.add_row(
                index, name, *(f"{c.mean:+.3f} \\[{c.low:+.3f}, {c.high:+.3f}]" for c in changes)
            )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--feed", action="store_true")
    parser.add_argument("--among", type=Path, metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with such a file")
    given = parser.parse_args()
    measured = measure_all(given.files, given.feed, others(given.among) if given.among else ())
    console = Console(width=140)
    console.print(table(measured))
    if given.json:
        given.json.write_text(json.dumps(as_json(measured)))
    if given.against:
        console.print(comparison(measured, from_json(json.loads(given.against.read_text()))))


if __name__ == "__main__":
    main()
