"""The same without async: each method of `Mind` and `Colony` under its name, and it blocks.

with Mind.connect("ana") as mind:
    mind.think("the kettle is on")
"""

from thoughtstream.sync.colony import Colony
from thoughtstream.sync.mind import Mind

__all__ = ["Colony", "Mind"]
