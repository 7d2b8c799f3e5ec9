"""What the owner of a mind does with single memories: the part of `Mind` that is about them."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.keys import Kind
from thoughtstream.memory.letting_go import Erased, LettingGo
from thoughtstream.memory.models import Memory
from thoughtstream.memory.reading import Whole, read_one, read_page
from thoughtstream.memory.recall import Recall
from thoughtstream.memory.spoilt import errors_of_mind
from thoughtstream.store.client import Client


class OwnedMemories:
    """A mind whose memories can be listed, read, forgotten and erased."""

    name: str
    _redis: Client
    _settings: Settings
    _recall: Recall

    def _errors(self) -> AbstractAsyncContextManager[None]:
        return errors_of_mind(self._redis, self.name)

    async def memories(
        self,
        *,
        limit: int = 50,
        kind: Kind | None = None,
        before: str | None = None,
        after: str | None = None,
    ) -> list[Memory]:
        """Its memories, the newest first.

        `before`: the last `place` of one page, for the next; `after`: the first, for the page
        before it. An `entry` will do, too, but for memories of several kinds that have the same.

        Raises:
            InvalidThought: an argument is wrong.
        """
        async with self._errors():
            return await read_page(
                self._redis, self.name, limit=limit, kind=kind, before=before, after=after
            )

    async def memory(self, id: str) -> Whole:
        """One memory, with its provenance, by its id or its `place`.

        Raises:
            NotRemembered: there is none.
        """
        async with self._errors():
            return await read_one(self._redis, self.name, id)

    async def forget(self, id: str, *, by: str | None = None) -> str:
        """Forget a memory: it goes to the unconscious, with `reason` asked, and who asked (`by`).
        Returns its entry there, by which `take_back` makes it a memory again, for as long as the
        unconscious keeps it (`streams.unconscious_maxlen`).

        Raises:
            NotRemembered: there is none.
        """
        async with self._errors():
            return await self._letting_go.forget(id, by)

    async def erase(self, id: str, *, dry_run: bool = False) -> Erased:
        """Erase a memory, or what was forgotten or merged, for good: it, all copies of it, and what
        other memories know of it. Only counts are left. The answer says where the text remains.

        `dry_run`: say what would go, and change nothing.

        Raises:
            NotRemembered: there is nothing of this id.
        """
        async with self._errors():
            found: Any = await self._redis.smembers(keys.WINDOWS.key(mind=self.name))
            windows = {keys.decode_name(window) for window in found}
            erased = await self._letting_go.erase(id, (*sorted(windows | _STANDARD),), dry_run)
        if not dry_run:
            await self._recall.scrub()
        return erased

    @property
    def _letting_go(self) -> LettingGo:
        maxlen = self._settings.streams.unconscious_maxlen
        return LettingGo(self._redis, self.name, maxlen)


_STANDARD = frozenset(keys.STANDARD_WINDOWS)
