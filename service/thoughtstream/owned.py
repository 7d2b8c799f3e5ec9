"""What the owner of a mind does with it as a whole: the part of `Mind` that is about that."""

from collections.abc import AsyncIterator

from thoughtstream.deletion import Deleting, Deletion
from thoughtstream.deletion import OnProgress as OnDeleted
from thoughtstream.errors import NotConfirmed
from thoughtstream.memory import exporting, importing
from thoughtstream.memory.importing import Import, Imported, Source
from thoughtstream.memory.merged import Merged, read_merged, unmerge
from thoughtstream.memory.owned import OwnedMemories
from thoughtstream.store.census import Census


class Owned(OwnedMemories):
    """A mind that can be exported, imported and deleted, and whose merges can be taken back."""

    _census: Census

    async def merged(self, *, limit: int = 20, before: str = "+") -> list[Merged]:
        """The memories that sleep merged into others that say the same, the newest first.

        `before`: the last `entry` of one page, for the next.
        """
        async with self._errors():
            return await read_merged(self._redis, self.name, limit, before)

    async def unmerge(self, entry: str) -> str:
        """Take a merge back: the memory is one of its own again, as it was, and no sleep merges it
        any more; returns its id.

        Raises:
            NotMerged: this entry is not, or no longer, among the merged.
            InvalidThought: it is no entry. MemoryFull: Redis takes nothing new.
        """
        async with self._errors():
            return await unmerge(self._redis, self.name, entry)

    async def export(self) -> AsyncIterator[str]:
        """All that it remembers and has forgotten, as lines of JSON; see `memory.archive`.

        Raises:
            RedisUnavailable: it does not answer; what was given so far is no whole export.
        """
        async with self._errors():
            async for line in exporting.export(self._redis, self.name):
                yield line

    async def import_from(
        self, source: Source, *, on_progress: importing.OnProgress | None = None
    ) -> Imported:
        """Take in what an export has, of this mind or another; what is here already is skipped. If
        it was interrupted, do it again: it goes on.

        `source`: a path, or a file that is open for bytes.

        Raises:
            BadExport: it is no whole export; nothing was written. OSError: it can't be read.
            MemoryFull, RedisUnavailable: do it again later.
        """
        maxlen = self._settings.streams.unconscious_maxlen
        async with self._errors():
            await self._census.mention(self.name)
            return await Import(self._redis, self.name, maxlen).run(source, on_progress)

    async def delete(
        self,
        *,
        confirm: str | None = None,
        dry_run: bool = False,
        on_progress: OnDeleted | None = None,
    ) -> Deletion:
        """Delete the whole mind: memories, what was forgotten, thoughts, counts and indexes. If it
        was interrupted, do it again. Who writes to it afterwards makes it anew.

        Args:
            confirm: its name.
            dry_run: say what would go, and change nothing.

        Raises:
            NotConfirmed: `confirm` is not its name. BeingDeleted: somebody else is at it.
        """
        deleting = Deleting(self._redis, self.name, self._settings)
        async with self._errors():
            if dry_run:
                return await deleting.would()
            if confirm != self.name:
                raise NotConfirmed(f"confirm: is {confirm!r}; to delete it, give {self.name!r}")
            return await deleting.delete(on_progress)
