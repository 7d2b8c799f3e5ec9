"""Every library of Functions there is. The service loads them all, so that those who only call them
need no right to load any.
"""

from thoughtstream.attention import attention
from thoughtstream.coordination import cache, library, queue, registry
from thoughtstream.health import sampler
from thoughtstream.learning import library as learning
from thoughtstream.memory import consolidation, importing, letting_go, streams
from thoughtstream.store import census
from thoughtstream.store.functions import Library

LIBRARIES: tuple[Library, ...] = (
    attention.LIBRARY, library.LIBRARY, queue.LIBRARY, registry.LIBRARY, cache.LIBRARY,
    consolidation.LIBRARY, importing.LIBRARY, letting_go.LIBRARY, streams.LIBRARY,
    learning.LIBRARY, census.LIBRARY, sampler.LIBRARY,
)  # fmt: skip
