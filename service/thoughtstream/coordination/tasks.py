"""Tasks as functions: what a module says that its worker can do.

    emails = TaskQueue("emails")

    @emails.task(retries=3, timeout_s=30)
    async def send(to: str) -> str: ...

`thoughtstream work module:emails` works on them; `await colony.submit(send.with_args("ana"))` asks.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, overload

from cronsim import CronSim, CronSimError

from thoughtstream.coordination.models import NewTask
from thoughtstream.errors import InvalidTask

_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Call:
    """A function with its arguments, to be submitted."""

    queue: str
    payload: str
    priority: int
    max_attempts: int

    def task(self, *, delay_s: float = 0, key: str = "", priority: int | None = None) -> NewTask:
        """As it goes into the queue."""
        given = self.priority if priority is None else priority
        return NewTask(self.payload, given, delay_s, self.max_attempts, key)


@dataclass(frozen=True)
class Options:
    """How a function is run.

    `retries`: executions after the first. `timeout_s`: of one execution. `cron`: when it runs by
    itself (UTC), in crontab's five fields.
    """

    retries: int = 2
    timeout_s: float | None = None
    priority: int = 0
    cron: str | None = None

    def __post_init__(self) -> None:
        if self.timeout_s is not None and self.timeout_s <= 0:
            raise InvalidTask(f"timeout_s: is {self.timeout_s}; give seconds, more than 0")
        if self.cron is not None:
            try:
                CronSim(self.cron, datetime.now(UTC))
            except CronSimError as error:
                wrong = f"cron: {self.cron!r}: {error}; give crontab's five fields"
                raise InvalidTask(wrong) from None
        NewTask("", self.priority, max_attempts=self.retries + 1)


class TaskFunction(Generic[P, R]):
    """A function that a queue's workers can run. Called, it runs here and now."""

    def __init__(self, queue: str, name: str, function: Callable[P, R], options: Options) -> None:
        update_wrapper(self, function)
        self.queue = queue
        self.name = name
        self.function = function
        self.options = options

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def with_args(self, *args: P.args, **kwargs: P.kwargs) -> Call:
        """To be run by a worker, with these arguments.

        Raises:
            InvalidTask: an argument can't be written as JSON.
        """
        return self.call(args, kwargs)

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """As `with_args`, of arguments that nobody has checked."""
        said: dict[str, Any] = {"task": self.name}
        said |= {"args": args} if args else {}
        said |= {"kwargs": kwargs} if kwargs else {}
        try:
            payload = _json(said)
        except (TypeError, ValueError) as error:
            wrong = f"{self.name}: its arguments can't be written as JSON: {error}"
            raise InvalidTask(wrong) from None
        return Call(self.queue, payload, self.options.priority, self.options.retries + 1)


@dataclass
class TaskQueue:
    """A queue and the functions that its workers run."""

    name: str
    functions: dict[str, TaskFunction[..., Any]] = field(default_factory=dict)
    fallback_function: Callable[[str], Any] | None = None

    @overload
    def task(self, function: Callable[P, R], /) -> TaskFunction[P, R]: ...
    @overload
    def task(
        self, /, *, name: str | None = None, retries: int = 2, timeout_s: float | None = None,
        priority: int = 0, cron: str | None = None,
    ) -> Callable[[Callable[P, R]], TaskFunction[P, R]]: ...  # fmt: skip
    def task(self, function: Any = None, /, *, name: str | None = None, **options: Any) -> Any:
        """A function, async or plain (run in a thread), becomes a task of this queue.

        Raises:
            InvalidTask: an option is wrong, or the name is taken.
        """

        def make(function: Callable[P, R]) -> TaskFunction[P, R]:
            made = TaskFunction(self.name, name or function.__name__, function, Options(**options))
            if made.name in self.functions:
                raise InvalidTask(f"name: {self.name} has a task {made.name!r}; give another")
            self.functions[made.name] = made
            return made

        return make if function is None else make(function)

    def fallback(self, function: Callable[[str], Awaitable[Any] | Any]) -> Callable[[str], Any]:
        """A function that gets every payload that names none of the tasks, as it was submitted."""
        self.fallback_function = function
        return function


def next_time(cron: str, after: datetime) -> datetime:
    """When a crontab line is due next."""
    return next(CronSim(cron, after))
