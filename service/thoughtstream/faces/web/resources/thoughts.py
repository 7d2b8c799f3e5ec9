"""Thoughts: written, attended, and changed while they still can be."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.exceptions import RequestValidationError
from pydantic import Discriminator, Field, Tag, ValidationError
from starlette.responses import Response

from thoughtstream import Mind
from thoughtstream.attention.models import Action, Attended, NewThought, check_size
from thoughtstream.attention.state import read_attended
from thoughtstream.attention.whereabouts import find_thought
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import (
    Before,
    IdempotencyKey,
    InterveneMind,
    Limit,
    ReadMind,
    TheAllowance,
    TheEngine,
    TheToken,
    ThinkMind,
)
from thoughtstream.faces.web.names import Named, segment
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources import shapes
from thoughtstream.faces.web.resources.bodies import Fields, OwnFields
from thoughtstream.faces.web.resources.minds import url_of
from thoughtstream.keys import Kind
from thoughtstream.store.connection import typed_errors

router = APIRouter(prefix="/v1/minds/{mind}", tags=["thoughts"])

MOST = 1000
"""Thoughts of one request."""


class Thought(OwnFields):
    """A thought to be written; names of your own are kept as text."""

    def new(self) -> NewThought:
        """As the engine takes it."""
        return NewThought.of(**self.given())


class Thoughts(Fields):
    """Several, in order. If one is wrong, none is written."""

    thoughts: Annotated[list[Thought], Field(min_length=1, max_length=MOST)]


def _how_many(body: Any) -> str:
    is_many = isinstance(body, Thoughts) or (isinstance(body, dict) and "thoughts" in body)
    return "many" if is_many else "one"


OneOrMany = Annotated[
    Annotated[Thought, Tag("one")] | Annotated[Thoughts, Tag("many")], Discriminator(_how_many)
]


class Intervention(Fields):
    """`veto` and `restore` need no more; `boost` a salience; `reframe` what is to be changed."""

    action: Action
    content: str | None = None
    salience: float | None = None
    kind: Kind | None = None


@router.post("/thoughts", status_code=201, response_model=shapes.Made | shapes.Fed)
async def think(
    mind: ThinkMind,
    engine: TheEngine,
    allowance: TheAllowance,
    body: Annotated[OneOrMany, Body()],
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Write one thought to a window, or up to a thousand: they compete, and may be forgotten."""
    allowance.thoughts.take(len(body.thoughts) if isinstance(body, Thoughts) else 1)
    if isinstance(body, Thoughts):
        most_bytes = engine.settings.streams.max_thought_bytes
        return Answer({"ids": await _feed(mind, body, idempotency_key, most_bytes)}, 201)
    id_ = await _think(mind, body, idempotency_key)
    url = url_of(mind.name, "thoughts", segment(id_))
    return Answer({"id": id_, "url": url}, 201, {"Location": url})


async def _think(mind: Mind, thought: Thought, key: str | None) -> str:
    if key is None:
        return (await mind.feed([thought.new()]))[0]
    fields = thought.new().model_dump(exclude={"extra"}) | thought.new().extra
    return await mind.think(**fields, idempotency_key=key)


async def _feed(mind: Mind, body: Thoughts, key: str | None, most_bytes: int) -> list[str]:
    """With a key, each thought has its own, by its number: a repetition writes what is missing."""
    new = [thought.new() for thought in body.thoughts]
    if key is None:
        return await mind.feed(new)
    for one in new:
        check_size(one.entry(), most_bytes)
    return [await _think(mind, one, f"{key}/{n}") for n, one in enumerate(body.thoughts)]


@router.post(
    "/feed",
    status_code=201,
    response_model=shapes.Fed,
    openapi_extra=shapes.LINES,
)
async def feed(mind: ThinkMind, allowance: TheAllowance, request: Request) -> Response:
    """Write a thought for each line of JSON. If one is wrong, none is written."""
    lines = (await request.body()).split(b"\n")
    thoughts, wrong = list[NewThought](), list[Any]()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                thoughts.append(Thought.model_validate_json(line).new())
            except ValidationError as error:
                wrong += [item | {"loc": ("line", number, *item["loc"])} for item in error.errors()]
    if wrong:
        raise RequestValidationError([item | {"loc": ("body", *item["loc"])} for item in wrong])
    allowance.thoughts.take(len(thoughts))
    return Answer({"ids": await mind.feed(thoughts)}, 201)


@router.get("/thoughts/{thought}", response_model=shapes.Found)
async def find(mind: ReadMind, engine: TheEngine, thought: Named) -> Response:
    """Where a thought is just now."""
    with typed_errors():
        place = await find_thought(await engine.redis(), mind.name, thought)
    if place is None:
        raise Problem(problems.UNKNOWN, f"{thought}: is not known (any more)")
    is_memory = place == "remembered"
    url = url_of(mind.name, "memories", segment(thought)) if is_memory else None
    return Answer({"id": thought, "place": place, "memory": url})


@router.get("/attended", response_model=shapes.AttendedPage)
async def attended(
    mind: ReadMind,
    engine: TheEngine,
    limit: Limit = 50,
    before: Before = "+",
) -> Response:
    """What was attended lately, the newest first; `before`: an entry of `assembled`."""
    with typed_errors():
        found = await read_attended(await engine.redis(), mind.name, limit, before)
    items = [{"entry": entry, **one._asdict()} for entry, one in found]
    last = items[-1]["entry"] if len(items) == limit else None
    more = url_of(mind.name, f"attended?limit={limit}&before={last}")
    return Answer({"items": items, "next": more if last else None})


@router.get("/intervening", response_model=list[shapes.AttendedThought])  # type: ignore[valid-type]
async def intervening(mind: ReadMind) -> Response:
    """What can still be changed, the first to close first."""
    found: list[Attended] = (await mind.state(top=1)).intervening
    return Answer(found)


@router.post("/thoughts/{thought}/interventions", response_model=shapes.Intervened)
async def intervene(
    mind: InterveneMind, thought: Named, change: Intervention, token: TheToken
) -> Response:
    """Veto, reframe, boost or restore an attended thought within its intervention window."""
    asked = change.model_dump(exclude_none=True, exclude={"action"})
    closes_at = await mind.intervene(thought, change.action, by=token.name, **asked)
    return Answer({"id": thought, "action": change.action, "closes_at": closes_at})
