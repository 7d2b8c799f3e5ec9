"""Running the functions of a queue: which one a task names, its time limit, its retries."""

import asyncio
import inspect
import json
import random
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import nullcontext
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import structlog

from thoughtstream.coordination.models import Claim, Report
from thoughtstream.coordination.queue import Queue
from thoughtstream.coordination.tasks import Options, TaskQueue
from thoughtstream.tracing.traces import NOTHING, Traces

LONGEST_RETRY_S = 3600.0
_MOST_REASON = 2000
"""Characters of an error that are kept."""

_Found = tuple[Callable[..., Any], Any, Any, Options]

_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_NO_LIMIT = nullcontext()
_is_async = lru_cache(maxsize=1000)(inspect.iscoroutinefunction)

log = structlog.get_logger()


class Retry(Exception):
    """Raised by a task: try again, after so many seconds or the usual pause."""

    def __init__(self, reason: str = "", *, delay_s: float | None = None) -> None:
        super().__init__(reason)
        self.delay_s = delay_s


class Fail(Exception):
    """Raised by a task: don't try again."""


class _Ask(Exception):
    """What a task wants to know."""


@dataclass(frozen=True)
class CurrentTask:
    """The task that is being run, for the function that runs it."""

    id: str
    attempt: int
    max_attempts: int
    answers: dict[str, str]
    say: Callable[[str], None]

    def progress(self, text: str) -> None:
        """Say how far it is: who looks at the task sees it."""
        self.say(text)

    def ask(self, question: str) -> str:
        """The answer to a question, from outside. While there is none this execution ends here, at
        no cost of an attempt; the next begins when somebody has answered (`tasks answer`).
        """
        if question in self.answers:
            return self.answers[question]
        raise _Ask(question)


_current: ContextVar[CurrentTask] = ContextVar("current_task")


def current_task() -> CurrentTask:
    """The task that this function is run for.

    Raises:
        LookupError: no worker runs this.
    """
    return _current.get()


def retry_delay_s(attempt: int) -> float:
    """The pause after a failed attempt (1, 2, …): 2ⁿ seconds, up to an hour, with full jitter of a
    half. Source: Exponential Backoff and Jitter, AWS Architecture Blog.
    """
    longest = min(2.0**attempt, LONGEST_RETRY_S)
    return longest * random.uniform(0.5, 1)


class Runner:
    """Runs what a queue's worker claims."""

    def __init__(
        self, tasks: TaskQueue, queue: Queue, threads: Executor, traces: Traces = NOTHING
    ) -> None:
        self._traces = traces
        self._tasks = tasks
        self._queue = queue
        self._threads = threads
        self.say_progress: Callable[[str, str], None] = lambda id_, text: None

    async def run(self, claim: Claim) -> Report:
        """Run one; what came of it, an error too."""
        attempt = claim.attempt
        with self._traces.run(self._queue.name, claim.id, attempt, claim.context) as told:
            report = await self._execute(claim)
            told.ended(report.outcome, well=not report.is_failure)
            return report

    async def _execute(self, claim: Claim) -> Report:
        found = self._find(claim.payload)
        if found is None:
            known = ", ".join(self._tasks.functions) or "none"
            return _failed(claim, f"no task of this worker's is named (it has: {known})")
        function, args, kwargs, options = found
        answers = await self._answers(claim) if claim.has_answers else {}
        say = partial(self.say_progress, claim.id)
        _current.set(CurrentTask(claim.id, claim.attempt, claim.max_attempts, answers, say))
        try:
            async with asyncio.timeout(options.timeout_s) if options.timeout_s else _NO_LIMIT:
                result = await self._call(function, args, kwargs)
        except TimeoutError as error:
            limit = options.timeout_s
            said = f"took longer than {limit:g} s (timeout_s)" if limit else repr(error)
            return _failed(claim, said)
        except _Ask as asked:
            return Report.ask(claim, str(asked))
        except Fail as error:
            return Report.dead(claim, str(error)[:_MOST_REASON])
        except Retry as error:
            return _failed(claim, str(error), error.delay_s)
        except Exception as error:
            log.exception("task.failed", queue=self._queue.name, task=claim.id)
            return _failed(claim, f"{type(error).__name__}: {error}")
        return self._done(claim, result)

    def _find(self, payload: str) -> _Found | None:
        try:
            said = json.loads(payload)
            function = self._tasks.functions[said["task"]]
            args, kwargs = said.get("args", ()), said.get("kwargs", {})
            return function.function, args, kwargs, function.options
        except (ValueError, TypeError, KeyError, RecursionError):
            fallback = self._tasks.fallback_function
            return (fallback, (payload,), {}, Options()) if fallback else None

    async def _answers(self, claim: Claim) -> dict[str, str]:
        state = await self._queue.look(claim.id)
        return state.answers if state else {}

    async def _call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        if _is_async(function):
            return await function(*args, **kwargs)
        call = partial(copy_context().run, function, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def _done(self, claim: Claim, result: Any) -> Report:
        most = self._queue.config.payload_bytes
        try:
            text = _json(result)
        except (TypeError, ValueError) as error:
            return Report.dead(claim, f"its result can't be written as JSON: {error}")
        if len(text.encode(errors="surrogateescape")) > most:
            return Report.dead(
                claim, f"its result is larger than {most:,} bytes (queue.payload_bytes)"
            )
        return Report.done(claim, text)


def _failed(claim: Claim, error: str, delay_s: float | None = None) -> Report:
    delay_s = retry_delay_s(claim.attempt) if delay_s is None else delay_s
    return Report.retry(claim, error[:_MOST_REASON], delay_s)
