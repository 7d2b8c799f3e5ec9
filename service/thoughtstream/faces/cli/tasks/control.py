"""`thoughtstream tasks cancel`, `replay` and `answer`."""

from typing import Annotated

import typer

from thoughtstream import Colony
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, QueueName, TaskId, examples

CANCEL_EXAMPLES = examples("thoughtstream tasks cancel emails 7")
REPLAY_EXAMPLES = examples(
    "thoughtstream tasks replay emails 7", "thoughtstream tasks replay emails --most 100"
)
ANSWER_EXAMPLES = examples('thoughtstream tasks answer trips 7 "to Porto"')


def cancel(queue: QueueName, id: TaskId, json: Json = False) -> None:
    """End a task that has not ended; one that runs is stopped where it is."""

    async def do() -> bool:
        async with Colony.connect() as colony:
            return await colony.queue(queue).cancel(id)

    if not event_loop.run(do()):
        raise exit_codes.Failed(f"{id}: there is no such task in {queue}, or it has ended")
    output.done({"queue": queue, "id": id, "state": "canceled"}, json, "canceled", id)


def replay(
    queue: QueueName,
    id: Annotated[str | None, typer.Argument(help="A task; by default the oldest.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1000, help="Without an id, so many.")] = 1000,
    json: Json = False,
) -> None:
    """Have dead tasks wait again, with all their attempts."""

    async def do() -> int:
        async with Colony.connect() as colony:
            return await colony.queue(queue).replay(id, most=most)

    count = event_loop.run(do())
    if id is not None and not count:
        raise exit_codes.Failed(f"{id}: is no dead task of {queue} (`thoughtstream tasks show`)")
    output.done({"queue": queue, "replayed": count}, json, output.count(count, "task"), "replayed")


def answer(
    queue: QueueName,
    id: TaskId,
    text: Annotated[str, typer.Argument(help="The answer.")],
    json: Json = False,
) -> None:
    """Answer a task's question; a worker goes on with it."""

    async def do() -> bool:
        async with Colony.connect() as colony:
            return await colony.queue(queue).answer(id, text)

    if not event_loop.run(do()):
        raise exit_codes.Failed(f"{id}: has not asked anything (any more) in {queue}")
    output.done({"queue": queue, "id": id, "answered": True}, json, "answered", id)
