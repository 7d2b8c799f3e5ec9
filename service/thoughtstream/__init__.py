"""Thoughtstream: competing thought streams on Redis, and the queue that agents share.

from thoughtstream import Mind, Colony, TaskQueue
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thoughtstream.attention.models import NewThought
    from thoughtstream.colony import Colony
    from thoughtstream.coordination.models import NewTask
    from thoughtstream.coordination.packets import Packet
    from thoughtstream.coordination.running import Fail, Retry, current_task
    from thoughtstream.coordination.tasks import TaskQueue
    from thoughtstream.errors import (
        AgentHeld,
        AgentSuperseded,
        AgentUnknown,
        ConfigError,
        Forbidden,
        InterventionRefused,
        InvalidBelief,
        InvalidPacket,
        InvalidTask,
        InvalidThought,
        InvalidValue,
        KeyReused,
        MemoryFull,
        NoService,
        NotConfirmed,
        NotConnected,
        NotDurable,
        NotForgotten,
        NotMerged,
        NotRemembered,
        QueueClosed,
        QueueFull,
        RedisUnavailable,
        ReservationLost,
        Reserved,
        SpoiltMind,
        TaskFailed,
        TaskUnknown,
        ThoughtstreamError,
        WouldBlock,
        WritesRefused,
    )
    from thoughtstream.memory.archive import BadExport
    from thoughtstream.memory.consolidation import Asleep, Superseded
    from thoughtstream.memory.query import InvalidRecall, RecallQuery
    from thoughtstream.memory.sleep import DistillerFailed
    from thoughtstream.memory.wiping import BeingDeleted
    from thoughtstream.mind import Mind

__all__ = [
    "AgentHeld",
    "AgentSuperseded",
    "AgentUnknown",
    "Asleep",
    "BadExport",
    "BeingDeleted",
    "Colony",
    "ConfigError",
    "DistillerFailed",
    "Fail",
    "Forbidden",
    "InterventionRefused",
    "InvalidBelief",
    "InvalidPacket",
    "InvalidRecall",
    "InvalidTask",
    "InvalidThought",
    "InvalidValue",
    "KeyReused",
    "MemoryFull",
    "Mind",
    "NewTask",
    "NewThought",
    "NoService",
    "NotConfirmed",
    "NotConnected",
    "NotDurable",
    "NotForgotten",
    "NotMerged",
    "NotRemembered",
    "Packet",
    "QueueClosed",
    "QueueFull",
    "RecallQuery",
    "RedisUnavailable",
    "ReservationLost",
    "Reserved",
    "Retry",
    "SpoiltMind",
    "Superseded",
    "TaskFailed",
    "TaskQueue",
    "TaskUnknown",
    "ThoughtstreamError",
    "WouldBlock",
    "WritesRefused",
    "current_task",
]

_ELSEWHERE = {
    "Asleep": "memory.consolidation",
    "BadExport": "memory.archive",
    "BeingDeleted": "memory.wiping",
    "Colony": "colony",
    "DistillerFailed": "memory.sleep",
    "Fail": "coordination.running",
    "InvalidRecall": "memory.query",
    "Mind": "mind",
    "NewTask": "coordination.models",
    "NewThought": "attention.models",
    "Packet": "coordination.packets",
    "RecallQuery": "memory.query",
    "Retry": "coordination.running",
    "Superseded": "memory.consolidation",
    "TaskQueue": "coordination.tasks",
    "current_task": "coordination.running",
}
"""What is not one of `errors`."""


def __getattr__(name: str) -> Any:
    # Late, so that the deployment can read `thoughtstream.keys` without the engine.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'errors')}"), name)
