"""Each asynchronous method has a blocking twin of its name and arguments; mypy knows its type."""

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, assert_type

import pytest

from thoughtstream import TaskQueue, colony, mind
from thoughtstream.attention.models import Attended, Audit
from thoughtstream.coordination import cache, handle, member, messages, queue
from thoughtstream.coordination.models import NewTask, QueueAudit, TaskState
from thoughtstream.coordination.reserve import Reservation
from thoughtstream.learning import choices, lineage
from thoughtstream.memory.models import Recalled
from thoughtstream.sync import Colony, Mind
from thoughtstream.sync.agents import Member, Message
from thoughtstream.sync.cache import GenerationCache, Scratch
from thoughtstream.sync.learning import Choices, Lineage
from thoughtstream.sync.queue import Handle, Queue
from thoughtstream.sync.twins import Twin

TWINS: dict[type, type[Twin[Any]]] = {
    mind.Mind: Mind,
    colony.Colony: Colony,
    queue.Queue: Queue,
    handle.Handle: Handle,
    member.Member: Member,
    messages.Message: Message,
    cache.GenerationCache: GenerationCache,
    cache.Scratch: Scratch,
    lineage.Lineage: Lineage,
    choices.Choices: Choices,
}
MADE_WITHIN = {"aclose", "join of Member", "rest of Member"}
"""What `with` does; nobody else calls it."""


def is_asynchronous(method: Any) -> bool:
    """Whether it is awaited, iterated over with `async for` or entered with `async with`."""
    plain = inspect.unwrap(getattr(method, "__func__", method))
    if inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain):
        return True
    return "AbstractAsyncContextManager" in str(inspect.signature(plain).return_annotation)


def pairs() -> Iterator[tuple[type, str]]:
    for one in TWINS:
        for name, method in inspect.getmembers(one, inspect.isroutine):
            inside = {name, f"{name} of {one.__name__}"} & MADE_WITHIN
            if not name.startswith("_") and not inside and is_asynchronous(method):
                yield one, name


def parameters(method: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in inspect.signature(method).parameters.values()]


@pytest.mark.parametrize(("one", "name"), list(pairs()))
def test_each_method_has_its_twin(one: type, name: str) -> None:
    theirs, ours = getattr(one, name), getattr(TWINS[one], name)
    assert parameters(ours) == parameters(theirs)
    assert not is_asynchronous(inspect.getattr_static(TWINS[one], name)) or ours.__wrapped__
    assert inspect.getdoc(ours)


def test_none_of_them_is_forgotten() -> None:
    names = [name for _, name in pairs()]
    assert {"connect", "think", "attended", "working", "reserve", "work", "look"} <= {*names}
    assert len(names) > 60


def types(mind: Mind, colony: Colony, agent: Member, tasks: TaskQueue) -> None:
    """What mypy says; nothing runs this."""
    assert_type(mind.think("x", window="sensory", colour="blue"), str)
    assert_type(mind.recall("x", limit=3), list[Recalled])
    assert_type(mind.attended(since="0"), Iterator[Attended])
    assert_type(mind.audit(), Audit)
    assert_type(Mind.connect("ana"), AbstractContextManager[Mind])
    assert_type(colony.send("bo", "ana", "x"), Handle)
    assert_type(colony.queue("q").submit(NewTask("x")), list[str])
    assert_type(colony.queues(), dict[str, QueueAudit])
    assert_type(colony.reserve("x", by="ana"), AbstractContextManager[Reservation])
    assert_type(colony.join("ana", skills=["python"]), AbstractContextManager[Member])
    assert_type(colony.send("bo", "ana", "x").state(), TaskState)
    assert_type(agent.working("x"), AbstractContextManager[None])
    colony.work(tasks, threading.Event(), slots=1)
    mind.think(1)  # type: ignore[arg-type]
    mind.recall("x", limt=3)  # type: ignore[call-arg]
    colony.reserve("x")  # type: ignore[call-arg]
