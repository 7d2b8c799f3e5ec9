"""`thoughtstream tasks submit` and `show`: one task, and where it is."""

import json as json_
from typing import Annotated, Any

import typer
from rich.text import Text

from thoughtstream import Colony, NewTask
from thoughtstream.config import Durability
from thoughtstream.coordination.handle import Handle
from thoughtstream.coordination.models import TaskState
from thoughtstream.faces.cli import event_loop, exit_codes, output, style
from thoughtstream.faces.cli.options import Json, QueueName, TaskId, examples

SUBMIT_EXAMPLES = examples(
    'thoughtstream tasks submit notes "look into the disk"',
    """thoughtstream tasks submit emails '{"task": "send", "args": ["ana"]}' --wait""",
    "thoughtstream tasks submit notes backup --delay 60 --key backup-today --priority 5",
)
SHOW_EXAMPLES = examples(
    "thoughtstream tasks show emails 7", "thoughtstream tasks show emails =backup-today --json"
)

_SAID = {
    "submitted": "progress",
    "working": "progress",
    "input_required": "question",
    "completed": "result",
    "failed": "reason",
    "canceled": "reason",
}
"""What a task's text is, by its state."""

_STYLE = {"completed": "green", "failed": "red", "canceled": "yellow", "input_required": "magenta"}


def submit(
    queue: QueueName,
    payload: Annotated[
        str, typer.Argument(help='Any text; {"task": NAME, "args": […]} calls a function.')
    ],
    priority: Annotated[int, typer.Option(help="-1023 to 1023, the highest first.")] = 0,
    delay: Annotated[float, typer.Option(help="Not before so many seconds.")] = 0,
    key: Annotated[str, typer.Option(help="Submitted twice with one key, it is one task.")] = "",
    attempts: Annotated[int, typer.Option(help="Executions before it is dead.")] = 3,
    durability: Annotated[
        Durability, typer.Option(help="What to wait for before it counts as submitted.")
    ] = "memory",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for its end and print that.")] = False,
    json: Json = False,
) -> None:
    """Submit a task to a queue; prints its id.

    With --wait, exits with 1 if the task fails, is canceled or asks something.
    """
    task = NewTask(payload, priority, delay, attempts, key)
    id_, state = event_loop.run(_submit(queue, task, durability, wait))
    if state is None:
        answer = {"queue": queue, "id": id_}
        output.answer(answer, json, lambda: output.stdout.print(style.text(id_)))
        return
    _answer(queue, state, json)
    if state.state != "completed":
        exit_codes.stop(exit_codes.FAILED)


async def _submit(
    name: str, task: NewTask, durability: Durability, wait: bool
) -> tuple[str, TaskState | None]:
    async with Colony.connect() as colony:
        queue = colony.queue(name)
        [id_] = await queue.submit(task, durability=durability)
        return id_, await Handle(queue, id_).ended() if wait else None


def show(queue: QueueName, id: TaskId, json: Json = False) -> None:
    """Show where a task is, and its result, reason, question or progress."""
    _answer(queue, event_loop.run(_look(queue, id)), json)


async def _look(name: str, id_: str) -> TaskState:
    async with Colony.connect() as colony:
        return await Handle(colony.queue(name), id_).state()


def _answer(queue: str, state: TaskState, json: bool) -> None:
    said = {_SAID[state.state]: _text(state)} if state.text else {}
    answer = {
        "queue": queue,
        "id": state.id,
        "state": state.state,
        "attempts": state.attempts,
        "payload": state.payload,
        "answers": state.answers,
        **said,
    }
    output.answer(answer, json, lambda: _show(state))


def _text(state: TaskState) -> Any:
    """A result is JSON if a function returned it."""
    if state.state != "completed":
        return state.text
    try:
        return json_.loads(state.text)
    except ValueError:
        return state.text


def _show(state: TaskState) -> None:
    rows = {
        "attempts": str(state.attempts) if state.attempts else "",
        "payload": state.payload or "",
        **{f"answer to {question}": text for question, text in state.answers.items()},
        _SAID[state.state]: state.text,
    }
    colour = _STYLE.get(state.state, "cyan")
    output.stdout.print(Text.assemble(style.text(state.id), "  ", (state.state, colour)))
    for name, text in rows.items():
        if text:
            line = Text.assemble("  ", style.text(name), ": ", style="dim")
            output.stdout.print(line.append_text(style.text(text)), soft_wrap=True)
