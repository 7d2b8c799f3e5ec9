"""Queues: tasks are submitted, worked on in rounds, looked at, and ended."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import AfterValidator, BaseModel, Field
from starlette.responses import Response

from thoughtstream.arguments import IS_UTF8
from thoughtstream.config import Durability
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.models import (
    MOST_AT_ONCE,
    Claim,
    NewTask,
    QueueAudit,
    Report,
    TaskState,
)
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.asked import IdempotencyKey, Onlooker, Operator, TheColony, Worker
from thoughtstream.faces.web.names import Named, segment
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.resources.bodies import Fields
from thoughtstream.sleep_schedule import QUEUE as SLEEPS

router = APIRouter(prefix="/v1/queues", tags=["queues"])

LONGEST_WAIT_S = 60


def _not_of_sleeps(queue: str) -> str:
    if queue == SLEEPS:
        raise ValueError(f"{queue} is for services alone; choose another name")
    return queue


Open = Annotated[Named, AfterValidator(_not_of_sleeps)]
"""A queue that is anybody's to work with: sleeps name minds, which not everybody may see."""

Verb = Literal["done", "renew", "release", "retry", "dead", "ask"]


class Submitting(Fields):
    """A task. `key`, or the header Idempotency-Key: submitted twice, it is one."""

    payload: str
    priority: int = 0
    delay_s: float = 0
    max_attempts: int = 3
    key: str = ""
    durability: Durability = "memory"


class Said(Fields):
    """What a worker says of a task that it holds: `text` is the result, the progress, the error or
    the question; `delay_s`: after how long to `retry`.
    """

    id: str
    token: str
    verb: Verb
    text: str = ""
    delay_s: Annotated[float, Field(ge=0, le=1e9)] = 0

    def report(self) -> Report:
        """As the queue takes it."""
        claim = Claim(self.id, self.token, "", 0)
        if self.verb == "retry":
            return Report.retry(claim, self.text, self.delay_s)
        return Report(claim, self.verb, self.text)


class Working(Fields):
    """A round of a worker: all that it says, and how many tasks it claims, under a lease."""

    worker: str
    reports: Annotated[list[Said], Field(max_length=MOST_AT_ONCE, default_factory=list)]
    claim: Annotated[int, Field(ge=0, le=MOST_AT_ONCE)] = 0
    lease_s: Annotated[float, Field(gt=0, le=86_400)] | None = None


class Claimed(BaseModel):
    """A task that a worker holds; `token` is the fence with which it is ended."""

    id: str
    token: str
    payload: str
    submitted_ms: int


class Worked(BaseModel):
    """`lost`: ids of tasks that it does not hold any more; `due_ms`: when to ask again."""

    claims: list[Claimed]
    lost: list[str]
    due_ms: int | None


class Submitted(BaseModel):
    id: str
    url: str


@router.get("", response_model=dict[str, QueueAudit])
async def queues(token: Onlooker, colony: TheColony) -> Response:
    """The books of all queues, by name."""
    return Answer(await colony.queues())


@router.get("/{queue}", response_model=QueueAudit)
async def queue(token: Onlooker, colony: TheColony, queue: Named) -> Response:
    """The books of one queue, in one atomic look."""
    audit = await colony.queue(queue).audit()
    if not audit.submitted:
        raise Problem(problems.UNKNOWN, f"{queue}: nothing was ever submitted to this queue")
    return Answer(audit)


@router.post("/{queue}/tasks", status_code=201, response_model=Submitted)
async def submit(
    token: Worker,
    colony: TheColony,
    queue: Open,
    task: Submitting,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit a task."""
    fields: dict[str, Any] = task.model_dump(exclude={"durability"})
    new = NewTask(**fields | {"key": task.key or idempotency_key or ""})
    [id_] = await colony.queue(queue).submit(new, durability=task.durability)
    url = f"/v1/queues/{segment(queue)}/tasks/{segment(id_)}"
    return Answer({"id": id_, "url": url}, 201, {"Location": url})


@router.get("/{queue}/tasks/{task}", response_model=TaskState)
async def task(
    token: Onlooker,
    colony: TheColony,
    queue: Named,
    task: Named,
    wait_s: Annotated[float, Query(ge=0, le=LONGEST_WAIT_S)] = 0,
) -> Response:
    """Where a task is; `wait_s`: wait so long for its end, or its question."""
    handle = Handle(colony.queue(queue), task)
    if wait_s:
        try:
            return Answer(await handle.ended(wait_s))
        except TimeoutError:
            pass
    return Answer(await handle.state())


@router.post("/{queue}/tasks/{task}/cancel", response_model=dict[str, bool])
async def cancel(token: Worker, colony: TheColony, queue: Open, task: Named) -> Response:
    """End a task that has not ended; it is told as `canceled` for as long as a result is kept."""
    if not await colony.queue(queue).cancel(task):
        raise await _not_now(Handle(colony.queue(queue), task), "has ended already")
    return Answer({"canceled": True})


@router.post("/{queue}/tasks/{task}/answer", response_model=dict[str, bool])
async def answer(
    token: Worker,
    colony: TheColony,
    queue: Open,
    task: Named,
    text: Annotated[str, IS_UTF8, Body(embed=True)],
) -> Response:
    """Answer a task's question: it goes on."""
    if not await colony.queue(queue).answer(task, text):
        raise await _not_now(Handle(colony.queue(queue), task), "has not asked anything (any more)")
    return Answer({"answered": True})


async def _not_now(task: Handle, why: str) -> Problem:
    await task.state()  # one that isn't known is told as such
    return Problem(problems.NOT_NOW, f"{task.id}: {why}")


@router.post("/{queue}/rounds", response_model=Worked)
async def work(token: Worker, colony: TheColony, queue: Open, body: Working) -> Response:
    """Work on it, from any language: report, renew and claim in one step."""
    lease_ms = round(body.lease_s * 1000) or 1 if body.lease_s else None
    reports = [said.report() for said in body.reports]
    done = await colony.queue(queue).round(
        body.worker, reports, claim=body.claim, lease_ms=lease_ms
    )
    return Answer(done)


@router.post("/{queue}/replay", response_model=dict[str, int])
async def replay(
    token: Worker,
    operator: Operator,
    colony: TheColony,
    queue: Open,
    id: Annotated[Annotated[str, IS_UTF8] | None, Body(embed=True)] = None,
    most: Annotated[int, Body(embed=True, strict=True, ge=1, le=MOST_AT_ONCE)] = MOST_AT_ONCE,
) -> Response:
    """Have dead tasks wait again: this one, else the oldest."""
    return Answer({"replayed": await colony.queue(queue).replay(id, most=most)})
