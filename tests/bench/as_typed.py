"""Conversations as people type them: short messages, few capitals and marks, some letters wrong.

The ranking is fitted on these, too, since the conversations of the data set are longer and better
spelled than those that people have.
"""

import copy
import random
import re
from typing import Any

from thoughtstream.language.english import STOP_WORDS
from thoughtstream.language.words import stem, stems

_SESSION = re.compile(r"session_\d+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LONG_WORD = 4
_SMALL, _NO_MARK, _NO_QUESTION_MARK, _NO_APOSTROPHE, _WRONG_LETTER = 0.8, 0.7, 0.4, 0.4, 0.03
_TELLING_NOTHING = frozenset(map(stem, STOP_WORDS))

Sample = dict[str, Any]


def careless(sample: Sample, seed: int = 1) -> Sample:
    """Every turn carelessly typed."""
    chance = random.Random(seed)
    changed = copy.deepcopy(sample)
    for turns in _sessions(changed):
        for turn in turns:
            turn["text"] = _careless(turn["text"], chance)
    return changed


def in_pieces(sample: Sample, seed: int = 0) -> Sample:
    """Every sentence a message of its own, carelessly typed. Evidence is the sentence of a turn
    that shares most words with question and answer.
    """
    chance = random.Random(seed)
    changed = copy.deepcopy(sample)
    pieces: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for turns in _sessions(changed):
        turns[:] = [piece for turn in turns for piece in _pieces(turn, pieces, chance)]
    for asked in changed["qa"]:
        told = {*stems(str(asked.get("answer", ""))), *stems(asked["question"])}
        telling = told - _TELLING_NOTHING
        asked["evidence"] = [
            max(pieces.get(turn, [(turn, frozenset())]), key=lambda one: len(one[1] & telling))[0]
            for turn in asked.get("evidence", [])
        ]
    return changed


def _sessions(sample: Sample) -> list[list[Sample]]:
    conversation = sample.get("conversation", sample)
    return [
        turns
        for name, turns in conversation.items()
        if _SESSION.fullmatch(name) and isinstance(turns, list)
    ]


def _pieces(
    turn: Sample, pieces: dict[str, list[tuple[str, frozenset[str]]]], chance: random.Random
) -> list[Sample]:
    texts = [text for text in _SENTENCE.split(turn["text"]) if text.strip()] or [turn["text"]]
    names = [f"{turn['dia_id']}/{number}" for number in range(len(texts))]
    pieces[turn["dia_id"]] = [
        (name, frozenset(stems(text))) for name, text in zip(names, texts, strict=True)
    ]
    found: list[Sample] = [
        {"speaker": turn["speaker"], "dia_id": name, "text": _careless(text, chance)}
        for name, text in zip(names, texts, strict=True)
    ]
    if "blip_caption" in turn:
        found[-1]["blip_caption"] = turn["blip_caption"]
    return found


def _careless(text: str, chance: random.Random) -> str:
    if chance.random() < _SMALL:
        text = text.lower()
    if chance.random() < _NO_MARK:
        text = text.rstrip(".!")
    if chance.random() < _NO_QUESTION_MARK:
        text = text.replace("?", "")
    if chance.random() < _NO_APOSTROPHE:
        text = text.replace("'", "")
    return " ".join(_misspelled(word, chance) for word in text.split())


def _misspelled(word: str, chance: random.Random) -> str:
    if len(word) <= _LONG_WORD or chance.random() >= _WRONG_LETTER:
        return word
    at = chance.randrange(1, len(word) - 1)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
