"""The generation cache and temporary state, without async."""

from thoughtstream.coordination import cache
from thoughtstream.sync.twins import Twin, blocking


class GenerationCache(Twin[cache.GenerationCache]):
    """What was expensive to compute; see `thoughtstream.coordination.cache`."""

    get = blocking(cache.GenerationCache.get)
    set = blocking(cache.GenerationCache.set)
    delete = blocking(cache.GenerationCache.delete)
    get_or_compute = blocking(cache.GenerationCache.get_or_compute)


class Scratch(Twin[cache.Scratch]):
    """Temporary state."""

    get = blocking(cache.Scratch.get)
    set = blocking(cache.Scratch.set)
    delete = blocking(cache.Scratch.delete)
