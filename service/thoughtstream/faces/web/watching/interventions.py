"""Who changed what of the attended thoughts: nobody announces it, so two looks are compared."""

from collections.abc import Iterator
from typing import Any

from thoughtstream.attention.models import Action, Attended

_MARKS: dict[Action, str] = {
    "veto": "vetoed", "restore": "restored", "reframe": "reframed", "boost": "boosted",
}  # fmt: skip
_CHANGEABLE = ("content", "salience", "kind")


class Interventions:
    """Fed with the thoughts that can be changed, look by look. A first look tells of nothing."""

    def __init__(self) -> None:
        self._known: dict[str, Attended] | None = None

    def of(self, intervening: list[Attended]) -> list[dict[str, Any]]:
        """What was done since the last look: {id, action, by, change, closes_at}, in its order."""
        before, self._known = self._known, {thought.id: thought for thought in intervening}
        if before is None:
            return []
        done = [
            (at, action, thought)
            for thought in intervening
            for at, action in _marks(thought)
            if (thought.id not in before) or (at, action) not in _marks(before[thought.id])
        ]
        done.sort(key=lambda one: one[0])
        return [
            {
                "id": thought.id,
                "action": action,
                "by": thought.fields.get(f"{_MARKS[action]}_by"),
                "change": {} if action in ("veto", "restore") else _change(before, thought),
                "closes_at": thought.encode_at,
            }
            for _, action, thought in done
        ]


def _marks(thought: Attended) -> set[tuple[int, Action]]:
    return set(_marked(thought))


def _marked(thought: Attended) -> Iterator[tuple[int, Action]]:
    for action, mark in _MARKS.items():
        at = thought.fields.get(f"{mark}_at", "")
        if at.isdecimal():
            yield int(at), action


def _change(before: dict[str, Attended], thought: Attended) -> dict[str, Any]:
    """What is different now. Of a thought that was not seen before: what has an original."""
    was = before.get(thought.id)
    return {
        name: getattr(thought, name)
        for name in _CHANGEABLE
        if (
            getattr(was, name) != getattr(thought, name)
            if was is not None
            else f"original_{name}" in thought.fields
        )
    }
