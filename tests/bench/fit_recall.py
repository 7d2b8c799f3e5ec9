"""Fits the weights of recall's ranking to conversations in LoCoMo's form.

    uv run python -m tests.bench.fit_recall [--embedder MODULE:CLASS] [--write] FILE...

Each conversation is taken as it is and as people type (`as_typed`). The chance of a memory to be
evidence is a softmax of its score over all memories of the conversation; the weights make the
evidence most likely, kept small (L2, in standard deviations of each feature). Cross-validated: each
conversation is asked with weights fitted on the others only. `--write`: fits all and writes
`weights.json`.
"""

import argparse
import json
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench import as_typed
from tests.bench.recall import Conversation
from tests.senses.locomo import turns_of
from thoughtstream.language.words import Query, stems
from thoughtstream.memory import ranking
from thoughtstream.memory.embedder import Embedder, chosen
from thoughtstream.memory.features import Pool, Stretch
from thoughtstream.memory.models import Location
from thoughtstream.memory.space import Vectors, packed
from thoughtstream.memory.traits import Trait, trait_of

_L2 = 60.0
_STEPS, _LEAST_STEP = 40, 1e-4
_VARIANTS = {"as it is": None, "careless": as_typed.careless, "in pieces": as_typed.in_pieces}

Array = Any


@dataclass(frozen=True)
class Example:
    """A question: features of each memory [memories x features], those that speak for it, and
    where the evidence is. `missing`: how much of it is no memory.
    """

    features: Array
    evidence: list[int]
    missing: int


def examples(conversation: Conversation, embedder: Embedder | None) -> list[Example]:
    """Of every question."""
    turns = turns_of(conversation.turns)
    traits = [
        trait_of(Location("episodic", f"{at}-0"), {"content": turn.content, **turn.extra})
        for at, turn in enumerate(turns)
    ]
    where = {turn.extra["dia_id"]: at for at, turn in enumerate(turns)}
    frequency = Counter(stem for turn in turns for stem in set(stems(turn.content)))
    pool = Pool([Stretch(traits, range(len(traits)))])
    names = list(ranking.fitted(embedder is not None))
    vectors = _vectors(traits, [turn.content for turn in turns], embedder)
    found = []
    for asked in conversation.questions:
        terms = [term.stem for term in Query.of(asked.question).terms]
        idfs = {term: ranking.idf(len(turns), frequency[term]) for term in terms}
        features = np.zeros((len(turns), len(names)))
        near = None
        if embedder is not None:
            near = vectors.near(np.asarray(embedder.embed([asked.question]))[0])
        for one in ranking.ranked(asked.question, idfs, pool, date.today(), near):
            for name, column in one.found.items():
                features[one.at, names.index(name)] = column[one.at]
        known = [where[turn] for turn in sorted(asked.evidence) if turn in where]
        found.append(Example(features, known, len(asked.evidence) - len(known)))
    return found


def _vectors(
    traits: Sequence[Trait], contents: Sequence[str], embedder: Embedder | None
) -> Vectors:
    found = Vectors()
    if embedder is not None:
        made = np.asarray(embedder.embed(contents))
        rows = {trait.location: packed(row) for trait, row in zip(traits, made, strict=True)}
        found.add(rows)
    return found


def fit(known: Sequence[Example], l2: float) -> Array:
    """Weights [features], by Newton's method with steps that are halved until they help."""
    known = [one for one in known if one.evidence]
    spread = np.concatenate([one.features for one in known]).std(0) + 1e-9
    pairs = [(one.features / spread, one.evidence) for one in known]
    weights = np.zeros(len(spread))
    loss = _loss(pairs, weights, l2)
    for _ in range(_STEPS):
        slope, curve = l2 * weights, l2 * np.eye(len(weights))
        for features, evidence in pairs:
            chance = _softmax(features @ weights)
            mean = chance @ features
            slope = slope + mean - features[evidence].mean(0)
            curve += (features * chance[:, None]).T @ features - np.outer(mean, mean)
        step = np.linalg.solve(curve, slope)
        while (better := _loss(pairs, weights - step, l2)) >= loss and abs(
            step
        ).max() > _LEAST_STEP:
            step = step / 2
        if better >= loss - _LEAST_STEP:
            break
        weights, loss = weights - step, better
    return weights / spread


def _softmax(scores: Array) -> Array:
    chance = np.exp(scores - scores.max())
    return chance / chance.sum()


def _loss(pairs: Sequence[tuple[Array, list[int]]], weights: Array, l2: float) -> float:
    total = l2 / 2 * weights @ weights
    for features, evidence in pairs:
        scores = features @ weights
        top = scores.max()
        total += top + np.log(np.exp(scores - top).sum()) - scores[evidence].mean()
    return float(total)


def figures(asked: Sequence[Example], weights: Array) -> list[tuple[float, float]]:
    """Recall@10 and reciprocal rank of each question with evidence."""
    found = []
    for one in asked:
        order = list(np.argsort(-(one.features @ weights), kind="stable"))
        places = sorted(order.index(at) for at in one.evidence)
        at_10 = sum(place < 10 for place in places) / max(1, len(places) + one.missing)
        found.append((at_10, 1 / (1 + places[0]) if places else 0.0))
    return found


def read(path: Path) -> dict[str, list[Conversation]]:
    """The conversations of a file, by variant."""
    content = json.loads(path.read_text())
    samples = content if isinstance(content, list) else [content]
    return {
        name: [
            conversation
            for number, sample in enumerate(samples)
            for conversation in Conversation.of(
                change(sample) if change else sample, f"{path.stem}-{number}"
            )
        ]
        for name, change in _VARIANTS.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--embedder", metavar="MODULE:CLASS")
    given = parser.parse_args()
    embedder = chosen(given.embedder)
    by_variant: dict[str, list[list[Example]]] = {name: [] for name in _VARIANTS}
    names = []
    for path in given.files:
        for variant, conversations in read(path).items():
            by_variant[variant] += [examples(one, embedder) for one in conversations]
        names += [one.name for one in Conversation.read(path)]
    held_out = _cross_validated(by_variant) if len(names) > 1 else {}
    for variant, (at_10, reciprocal) in held_out.items():
        print(f"held out, {variant}: recall@10 {at_10:.3f}, MRR {reciprocal:.3f}")  # noqa: T201
    together = [one for known in by_variant.values() for some in known for one in some]
    weights = fit(together, _L2 * len(_VARIANTS))
    features = ranking.fitted(embedder is not None)
    found = dict(zip(features, (round(float(one), 4) for one in weights), strict=True))
    print(json.dumps(found, indent=4))  # noqa: T201
    if given.write:
        about: dict[str, Any] = {
            "fitted_on": f"{len(names)} conversations in LoCoMo's form ({', '.join(names)}), each "
            f"as it is, carelessly typed, and in pieces; {len(together)} questions",
            "fitted_by": "tests/bench/fit_recall.py: softmax regression, L2",
            "held_out": {
                variant: {"recall@10": round(at_10, 3), "MRR": round(reciprocal, 3)}
                for variant, (at_10, reciprocal) in held_out.items()
            },
        }
        kept = json.loads(ranking.WEIGHTS.read_text())
        if embedder is None:
            kept |= about | {"weights": found}
        else:
            about["embedder"] = given.embedder
            kept |= {"with_meaning": about, "weights_with_meaning": found}
        ranking.WEIGHTS.write_text(json.dumps(kept, indent=2) + "\n")


def _cross_validated(
    by_variant: dict[str, list[list[Example]]],
) -> dict[str, tuple[float, float]]:
    """Of each variant, recall@10 and MRR of conversations that were not fitted."""
    count = len(next(iter(by_variant.values())))
    found: dict[str, list[tuple[float, float]]] = {variant: [] for variant in by_variant}
    for left_out in range(count):
        others = [
            one
            for known in by_variant.values()
            for at, some in enumerate(known)
            if at != left_out
            for one in some
        ]
        weights = fit(others, _L2 * len(by_variant))
        for variant, known in by_variant.items():
            found[variant] += figures(known[left_out], weights)
    return {
        variant: (statistics.mean(a for a, _ in rows), statistics.mean(b for _, b in rows))
        for variant, rows in found.items()
    }


if __name__ == "__main__":
    main()
