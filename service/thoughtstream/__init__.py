"""Thoughtstream: competing thought streams on Redis.

from thoughtstream import Mind
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thoughtstream.mind import Mind

__all__ = ["Mind"]


def __getattr__(name: str) -> Any:
    # Late, so that the deployment can read `thoughtstream.keys` without the engine.
    if name == "Mind":
        from thoughtstream.mind import Mind

        return Mind
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
