"""What recall promises: evidence recall@10 of at least .80, with either index."""

import json
import statistics
from pathlib import Path

from tests.bench.recall import SERVERS, Conversation, measure_all
from tests.recall.conversation import CONVERSATION
from tests.senses.locomo import data_set


def test_recall_at_10(tmp_path: Path) -> None:
    """Of a conversation of ours, and of those of the data set where it is beside us."""
    ours = tmp_path / "ours.json"
    ours.write_text(json.dumps(CONVERSATION))
    for files in filter(None, ([ours], data_set())):
        questions = sum(len(one.questions) for file in files for one in Conversation.read(file))
        measured = measure_all(files)
        for index in SERVERS:
            at_10 = [answer.at["10"] for answer in measured if answer.index == index]
            assert len(at_10) == questions
            assert statistics.mean(at_10) >= 0.80, (index, files)
