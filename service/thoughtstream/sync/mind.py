"""Mind, without async."""

from contextlib import AbstractContextManager

from thoughtstream import mind
from thoughtstream.config import Settings
from thoughtstream.sync.twins import Opening, Twin, blocking, iterating


class Mind(Twin[mind.Mind]):
    """One mind, as `thoughtstream.Mind` is; `connect` makes one. Any thread may use it."""

    @classmethod
    def connect(
        cls,
        name: str = "default",
        url: str | None = None,
        *,
        attend: bool = False,
        settings: Settings | None = None,
    ) -> AbstractContextManager["Mind"]:
        """A mind at `url`, else at the settings' URL, else in the home's embedded Redis, to be used
        with `with`. `attend`: as of `thoughtstream.Mind`.

        Raises:
            InvalidThought: the name is none. ConfigError: a setting is wrong. RedisUnavailable:
            nothing answers there. NotConnected: the `with` is missing.
        """
        return Opening(lambda: mind.Mind.connect(name, url, attend=attend, settings=settings), cls)

    @property
    def name(self) -> str:
        """Its name."""
        return self._it.name

    think = blocking(mind.Mind.think)
    feed = blocking(mind.Mind.feed)
    anchor = blocking(mind.Mind.anchor)
    recall = blocking(mind.Mind.recall)
    attended = iterating(mind.Mind.attended)
    intervene = blocking(mind.Mind.intervene)
    memories = blocking(mind.Mind.memories)
    memory = blocking(mind.Mind.memory)
    supersede = blocking(mind.Mind.supersede)
    forget = blocking(mind.Mind.forget)
    erase = blocking(mind.Mind.erase)
    forgotten = blocking(mind.Mind.forgotten)
    take_back = blocking(mind.Mind.take_back)
    would_forget = blocking(mind.Mind.would_forget)
    attend = blocking(mind.Mind.attend)
    windows = blocking(mind.Mind.windows)
    sleep = blocking(mind.Mind.sleep)
    merged = blocking(mind.Mind.merged)
    unmerge = blocking(mind.Mind.unmerge)
    export = iterating(mind.Mind.export)
    import_from = blocking(mind.Mind.import_from)
    delete = blocking(mind.Mind.delete)
    audit = blocking(mind.Mind.audit)
    state = blocking(mind.Mind.state)
    waiting = blocking(mind.Mind.waiting)
