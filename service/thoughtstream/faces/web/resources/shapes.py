"""The shapes of what is answered, for `/openapi.json`: those of the engine's own records."""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, create_model

from thoughtstream.attention.models import Attended, Forgotten
from thoughtstream.attention.state import Candidate, Remembered
from thoughtstream.attention.whereabouts import Place
from thoughtstream.memory.merged import Merged
from thoughtstream.memory.models import Memory, Recalled

LINES: dict[str, Any] = {
    "requestBody": {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
}
"""A body of lines of JSON."""


def _object(record: type[NamedTuple], name: str) -> type[BaseModel]:
    """A named tuple as the object that it becomes in JSON (pydantic takes it for a list)."""
    fields: Any = {field: (kind, ...) for field, kind in record.__annotations__.items()}
    return create_model(name, __doc__=record.__doc__, **fields)


AttendedThought = _object(Attended, "Attended")
ForgottenThought = _object(Forgotten, "Forgotten")
MergedMemory = _object(Merged, "Merged")
CompetingThought = _object(Candidate, "Candidate")
AnchoredMemory = _object(Remembered, "Remembered")


class Page(BaseModel):
    """A page of a list. `next`: the address of the next one; null: this is the last."""

    next: str | None


class Trouble(BaseModel):
    """What is wrong in a mind, as its service says, and the cure."""

    what: str
    detail: str
    cure: str


class Tile(BaseModel):
    """A mind among others: how much of what it has. Null: the key is not what it should be."""

    name: str
    url: str
    competing: int | None
    intervening: int | None
    memories: dict[str, int | None]
    trouble: Trouble | None


class Minds(Page):
    items: list[Tile]


class AttendedPage(Page):
    items: list[AttendedThought]  # type: ignore[valid-type]


class ForgottenPage(Page):
    items: list[ForgottenThought]  # type: ignore[valid-type]


class MergedPage(Page):
    items: list[MergedMemory]  # type: ignore[valid-type]


class MemoryPage(Page):
    items: list[Memory]


class RecalledPage(Page):
    items: list[Recalled]


class State(BaseModel):
    """A picture of a mind: see `Mind.state`. Times in milliseconds of the server's clock."""

    now_ms: int
    windows: dict[str, int]
    competing: int
    contest: list[CompetingThought]  # type: ignore[valid-type]
    intervening: list[AttendedThought]  # type: ignore[valid-type]
    attended: list[AttendedThought]  # type: ignore[valid-type]
    forgotten: list[ForgottenThought]  # type: ignore[valid-type]
    memories: list[AnchoredMemory]  # type: ignore[valid-type]
    memory_counts: dict[str, int]
    ledger: dict[str, int]
    threshold: float


class Made(BaseModel):
    """What was made: its id, and where it is."""

    id: str
    url: str


class Found(BaseModel):
    """Where a thought is; `memory`: the address of the one that it has become."""

    id: str
    place: Place
    memory: str | None


class Fed(BaseModel):
    """The ids of the thoughts that were written, in order."""

    ids: list[str]


class Superseding(Made):
    """The memory that is now in the place of another."""

    supersedes: str


class LetGo(BaseModel):
    """`entry`: of the forgotten, by which it is taken back."""

    entry: str


class Anchored(Made):
    durability: str


class Intervened(BaseModel):
    """`closes_at`: until when it can be changed (ms); `now_ms` by the same clock."""

    id: str
    action: str
    closes_at: int


class WouldForget(BaseModel):
    count: int
    weakest: list[str]


class Loose(BaseModel):
    """An object whose fields depend on what is there."""

    model_config = ConfigDict(extra="allow")
