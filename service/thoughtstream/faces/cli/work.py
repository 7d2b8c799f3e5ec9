"""`thoughtstream work`: a worker, which runs what is submitted to a queue."""

import asyncio
import logging
import os
import signal
import sys
from typing import Annotated

import structlog
import typer

from thoughtstream import Colony, TaskQueue, config
from thoughtstream.config import Settings
from thoughtstream.faces.cli import (
    event_loop,
    exit_codes,
    logging_setup,
    output,
    reloading,
    signals,
    task_module,
)
from thoughtstream.faces.cli.options import Json, examples

EXAMPLES = examples(
    "thoughtstream work emails:emails",
    "thoughtstream work shop.tasks:orders --slots 8",
    "thoughtstream work emails:emails --reload",
)

log = structlog.get_logger()


def work(
    target: Annotated[
        str,
        typer.Argument(metavar="MODULE:QUEUE", help="A Python module, and a TaskQueue in it."),
    ],
    slots: Annotated[int, typer.Option(min=1, max=1000, help="Tasks at once.")] = 32,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start anew when a .py file here changes.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the tasks of a queue, until SIGTERM or Ctrl-C.

    The module is imported from the working directory. At the first signal nothing more is claimed,
    and what runs may end; at the second one it ends at once, and its tasks go to other workers when
    their leases end.
    """
    settings = config.load()
    logging_setup.log_to_stderr(settings.log, logging.INFO)
    if reload:
        options = ["--slots", str(slots), *(["--json"] if json else [])]
        exit_codes.stop(reloading.run(["work", target, *options]))
    queue = task_module.load(target)
    event_loop.run(_work(queue, settings, slots, json))


async def _work(tasks: TaskQueue, settings: Settings, slots: int, json: bool) -> None:
    async with Colony.connect(settings=settings) as colony:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def stop_soon(_: int) -> None:
            loop.call_soon_threadsafe(stop.set)

        signals.stop_on(stop_soon, at_once=_exit)
        said = {"queue": tasks.name, "tasks": [*tasks.functions], "slots": slots,
                "pid": os.getpid()}  # fmt: skip
        if json:
            output.print_json(said)
        log.info("worker.ready", **said)
        await colony.work(tasks, stop, slots=slots)
    log.info("worker.stopped", queue=tasks.name)


def _exit(number: int) -> None:
    """Also while a plain function runs in a thread, which nothing else could end."""
    sys.stdout.flush()
    os._exit(exit_codes.INTERRUPTED if number == signal.SIGINT else exit_codes.TERMINATED)
