"""Thoughtstream: competing thought streams on Redis, and the queue that agents share.

from thoughtstream import Mind, Colony, TaskQueue
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thoughtstream import errors
    from thoughtstream.colony import Colony
    from thoughtstream.coordination.models import NewTask
    from thoughtstream.coordination.running import Fail, Retry, current_task
    from thoughtstream.coordination.tasks import TaskQueue
    from thoughtstream.mind import Mind

__all__ = ["Colony", "Fail", "Mind", "NewTask", "Retry", "TaskQueue", "current_task", "errors"]

_WHERE = {
    "Colony": "colony",
    "Fail": "coordination.running",
    "Mind": "mind",
    "NewTask": "coordination.models",
    "Retry": "coordination.running",
    "TaskQueue": "coordination.tasks",
    "current_task": "coordination.running",
}


def __getattr__(name: str) -> Any:
    # Late, so that the deployment can read `thoughtstream.keys` without the engine.
    if name == "errors":
        return import_module("thoughtstream.errors")
    if name in _WHERE:
        return getattr(import_module(f"thoughtstream.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
