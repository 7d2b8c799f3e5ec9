"""What sleep does to memories of long ago, as plainly as it can be said."""

from itertools import pairwise
from typing import Any

from tests.sleep.memories import Past
from thoughtstream.language.similarity import NEGATIONS, gist
from thoughtstream.language.words import words


def alike(one: str, other: str, similarity: float) -> bool:
    """Whether two texts are near duplicates."""
    first, second = words(one), words(other)
    if not first or not second:
        return False
    kept = [[w for w in text if w in NEGATIONS or any(map(str.isdigit, w))]
            for text in (first, second)]  # fmt: skip
    pairs = [set(pairwise(["^", *text, "$"])) for text in (first, second)]
    share = len(pairs[0] & pairs[1]) / len(pairs[0] | pairs[1])
    return kept[0] == kept[1] and share >= similarity - 1e-9


def slept(memories: list[Past], ids: list[str]) -> dict[str, Any]:
    """The picture after one sleep with the default settings."""
    kept: list[dict[str, Any]] = []
    archive = []
    for memory, id_ in zip(memories, ids, strict=True):
        same = next(
            (k for k in kept
             if k["memory"].kind == memory.kind and alike(k["content"], memory.content, 0.8)), None
        )  # fmt: skip
        if same:
            same["merged"].append(id_)
            archive.append((id_, memory.content, same["id"]))
        else:
            kept.append({"id": id_, "memory": memory, "content": memory.content, "merged": []})
    for one in kept:
        memory = one["memory"]
        priority = 0.4 * abs(memory.valence) + 0.3 * memory.relevance + 0.1 * memory.importance
        one["strength"] = round(1 + len(one["merged"]) + priority, 6)
    after: dict[str, Any] = {"episodic": [], "semantic": [], "procedural": []}
    for one in kept:
        kind = one.pop("memory").kind
        after[kind].append(one | {"from": [], "rests": True})
    groups: dict[Any, list[Any]] = {}
    for one in after["episodic"]:
        groups.setdefault(gist(one["content"]), []).append(one)
    distilled = 0
    for about, group in groups.items():
        episodes = [id_ for one in group for id_ in (one["id"], *one["merged"])]
        if about and len(episodes) >= 3:
            best = max(group, key=lambda one: one["strength"])
            distilled += 1
            after["semantic"].append(
                {"id": episodes[0].replace("sensory", "sleep"), "content": best["content"],
                 "from": sorted(episodes), "merged": [], "strength": best["strength"],
                 "rests": True}
            )  # fmt: skip
    ledger = {"replayed": len(kept), "merged": len(archive), "distilled": distilled}
    return after | {"archive": sorted(archive), "ledger": ledger}
