"""What sleep does to memories of long ago, as plainly as it can be said."""

import re
from typing import Any

from tests.sleep.memories import Past
from thoughtstream.language.similarity import gist


def plainly(text: str) -> list[str]:
    """Texts of letters, numbers, `%` and full stops, as they are compared."""
    return re.findall(r"[^\W\d]+|\d+|%", text.lower())


def alike(one: str, other: str) -> bool:
    """Whether two texts are near duplicates."""
    return plainly(one) == plainly(other) != []


def agreed(contents: list[str]) -> str:
    """What texts that differ in their one number, if at all, have in common."""
    numbers = {tuple(re.findall(r"\d+", content)) for content in contents}
    return contents[0] if len(numbers) == 1 else re.sub(r"\d+", "…", contents[0])


def slept(memories: list[Past], ids: list[str]) -> dict[str, Any]:
    """The picture after one sleep with the default settings."""
    kept: list[dict[str, Any]] = []
    merged = []
    for memory, id_ in zip(memories, ids, strict=True):
        same = next(
            (k for k in kept
             if k["memory"].kind == memory.kind and alike(k["content"], memory.content)), None
        )  # fmt: skip
        if same:
            same["merged"].append(id_)
            merged.append((id_, memory.content, same["id"]))
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
            ranked = sorted(group, key=lambda one: -one["strength"])
            best = ranked[0]
            content = agreed([one["content"] for one in ranked])
            distilled += 1
            after["semantic"].append(
                {"id": episodes[0].replace("sensory", "sleep"), "content": content,
                 "from": sorted(episodes), "merged": [], "strength": best["strength"],
                 "rests": True}
            )  # fmt: skip
    ledger = {"replayed": len(kept), "merged": len(merged), "distilled": distilled}
    return after | {"merged": sorted(merged), "ledger": ledger}
