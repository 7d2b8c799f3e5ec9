"""How fast recall answers, by how much a mind remembers, beside a PING in the same run.

    uv run python -m tests.bench.recall_speed [--sizes N...] [--json] [FILE...]

What is remembered: the turns of conversations of the LoCoMo data set, again and again, a year later
each time; without a file, sentences of random words as frequent as those of a language. Questions:
theirs; else words of one memory. Each question is asked once, between two PINGs, by a process that
has asked one before.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.recall import SERVERS, Conversation
from tests.recall.servers import settings_for
from tests.senses.locomo import turns_of
from tests.servers import RedisServer
from thoughtstream import Mind, keys
from thoughtstream.memory.models import Location
from thoughtstream.memory.timeline import place_in_time

SIZES = (600, 10_000, 100_000)
QUESTIONS = 200
_YEAR_MS = 366 * 86_400_000
_MIND = "speed"
_WORDS, _SPEAKERS = 20_000, 8

Fields = dict[str, str]


def remembered(paths: Sequence[Path], size: int) -> tuple[list[Fields], list[str]]:
    """The fields of so many memories, and questions."""
    if not paths:
        return _made_up(size)
    conversations = [one for path in paths for one in Conversation.read(path)]
    turns = [
        {"content": turn.content, **turn.extra}
        for one in conversations
        for turn in turns_of(one.turns)
    ]
    found = [
        turn | {"at": str(int(turn.get("at", number)) + (number // len(turns)) * _YEAR_MS)}
        for number, turn in ((n, turns[n % len(turns)]) for n in range(size))
    ]
    return found, [asked.question for one in conversations for asked in one.questions]


def _made_up(size: int) -> tuple[list[Fields], list[str]]:
    chance = random.Random(1)
    vocabulary = ["".join(chance.choices("aeioulnrstkmd", k=3 + n % 6)) for n in range(_WORDS)]
    weights = list(accumulate(1 / (n + 2.7) for n in range(_WORDS)))
    speakers = [f"Speaker{chr(65 + n)}" for n in range(_SPEAKERS)]
    found = []
    for number in range(size):
        speaker = chance.choice(speakers)
        told = " ".join(chance.choices(vocabulary, cum_weights=weights, k=chance.randint(4, 30)))
        at = str(number * 60_000)
        found.append({"content": f"{speaker}: {told}.", "speaker": speaker, "at": at})
    return found, [_question(chance.choice(found), chance) for _ in range(QUESTIONS)]


def _question(memory: Fields, chance: random.Random) -> str:
    told = memory["content"].rstrip(".").split()[1:]
    return f"What did {memory['speaker']} {' '.join(chance.sample(told, min(4, len(told))))}?"


def write(server: RedisServer, memories: Sequence[Fields]) -> None:
    """Write them as the engine does."""
    with server.client() as client:
        for some in _some(list(enumerate(memories, 1))):
            pipe = client.pipeline(transaction=False)
            for number, memory in some:
                entry, thought = f"{number}-0", f"{number}-0@sensory"
                fields = {**memory, "id": thought, "window": "sensory", "attended_at": str(number)}
                pipe.xadd(keys.EPISODIC.key(mind=_MIND), fields, id=entry)
                place = place_in_time(Location("episodic", entry), fields)
                pipe.zadd(keys.TIMELINE.key(mind=_MIND, kind="episodic"), {place: 0})
                item = {**fields, "entry": entry, "kind": "episodic"}
                pipe.hset(keys.ITEM.key(mind=_MIND, id=thought), mapping=item)
            pipe.execute()


def _some(rows: list[Any]) -> Iterator[list[Any]]:
    return (rows[at : at + 1000] for at in range(0, len(rows), 1000))


async def measure(server: RedisServer, index: str, questions: Sequence[str]) -> dict[str, float]:
    """Of one mind: milliseconds."""
    pings, spent = [], []
    with tempfile.TemporaryDirectory() as home:
        async with Mind.connect(_MIND, settings=settings_for(server, Path(home))) as mind:
            start = time.perf_counter()
            while mind._recall.index != index:  # RediSearch reads in the background
                mind._recall._try_index_at = 0.0
                await mind.recall("first, so that the index is there", limit=1)
            first = time.perf_counter() - start
            chosen = random.Random(2).sample(list(questions), min(QUESTIONS, len(questions)))
            for question in chosen:
                start = time.perf_counter()
                await mind._redis.ping()
                pings.append(time.perf_counter() - start)
                start = time.perf_counter()
                await mind.recall(question)
                spent.append(time.perf_counter() - start)
    ping, p50 = statistics.median(pings), statistics.median(spent)
    return {
        "ping_ms": ping * 1000,
        "p50_ms": p50 * 1000,
        "p95_ms": statistics.quantiles(spent, n=20)[18] * 1000,
        "pings": p50 / ping,
        "first_s": first,
    }


def measure_all(paths: Sequence[Path], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Every size with every index."""
    rows = []
    for size in sizes:
        memories, questions = remembered(paths, size)
        for index, make in SERVERS.items():
            with tempfile.TemporaryDirectory() as directory:
                server = make(Path(directory)).start()
                try:
                    write(server, memories)
                    figures = asyncio.run(measure(server, index, questions))
                finally:
                    server.stop()
            rows.append({"index": index, "memories": size, **figures})
    return rows


def table(rows: Sequence[dict[str, Any]]) -> Table:
    """The figures."""
    names = ("index", "memories", "PING ms", "p50 ms", "p95 ms", "p50 in PINGs", "first s")
    result = Table(*names)
    for row in rows:
        result.add_row(
            row["index"], f"{row['memories']:,}", f"{row['ping_ms']:.2f}", f"{row['p50_ms']:.1f}",
            f"{row['p95_ms']:.1f}", f"{row['pings']:.0f}", f"{row['first_s']:.1f}",
        )  # fmt: skip
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES), metavar="N")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    rows = measure_all(given.files, given.sizes)
    if given.json:
        json.dump(rows, sys.stdout, indent=2)
    else:
        Console(width=100).print(table(rows))


if __name__ == "__main__":
    main()
