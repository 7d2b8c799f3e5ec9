"""One mind, watched: its state four times a second, and everything that happens in it."""

import re
from dataclasses import replace
from typing import Any

from thoughtstream import Mind, keys
from thoughtstream.attention.models import Attended
from thoughtstream.attention.state import MindState
from thoughtstream.faces.plain import plain
from thoughtstream.faces.web.watching.books import Books
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.cutting import cut
from thoughtstream.faces.web.watching.events import event, gap
from thoughtstream.faces.web.watching.following import Entry, Following
from thoughtstream.faces.web.watching.interventions import Interventions
from thoughtstream.faces.web.watching.letting_go import LettingGo
from thoughtstream.faces.web.watching.memories import Anchoring
from thoughtstream.faces.web.watching.sleeping import Sleeping
from thoughtstream.faces.web.watching.source import Source
from thoughtstream.faces.web.watching.troubles import Found
from thoughtstream.faces.web.watching.vitals import Vitals
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors

TOP = 20
"""Of each list of a state, and never fewer than of the forgotten are told a second."""

OF_STATE, OF_ATTENDED = 200, 4096
"""The most characters of one text."""

_MOST_RESUMED = 2000
_MOST_RESUMES = 16
"""Different places to resume from in one look; the rest have to wait for the next."""

_ENTRY = re.compile(r"\d{1,20}-\d{1,20}")


class MindChannel(Channel):
    """See above."""

    every_s = 0.25

    def __init__(self, source: Source, mind: str) -> None:
        super().__init__(source)
        self._name = mind
        self._mind: Mind | None = None
        self._last: MindState | None = None
        self._last_rhythm: Any = None
        self._shown = b""
        self._begin()

    def _begin(self) -> None:
        mind = self._name
        self._assembled = Following(keys.ASSEMBLED.key(mind=mind))
        self._interventions = Interventions()
        self._anchoring = Anchoring(mind)
        self._letting_go = LettingGo()
        self._sleeping = Sleeping(mind)
        self._books = Books()

    def begin_anew(self) -> None:
        """Where it was may be no place any more: what is foreign in its keys has any id."""
        self._begin()

    async def look(self) -> Found:
        """Each reading tells of what it found at once: if the next one fails, nothing is lost."""
        redis = await self._source.redis()
        self._mind = self._mind or Mind(self._name, redis, self._source.settings)
        with typed_errors():
            await self._look_at_attended(redis)
            await self._look_at_memories(redis)
            slept = await self._sleeping.read(redis)
        if slept is not None:
            self.tell(event("slept", slept))
        state = await self._mind.state(top=TOP)
        self._source.clock.hear(state.now_ms)
        vitals = await self._source.pulse.of(redis, keys.LEDGER.key(mind=self._name))
        self._tell_changes(state)
        self._show(state, vitals)
        with typed_errors():
            await self._welcome(redis)
        return self._wrong(state, vitals)

    async def _look_at_attended(self, redis: Client) -> None:
        since_ms = _ms_of(self._assembled.at)
        news = await self._assembled.read(redis)
        if news.dropped:
            self.tell(gap(news.dropped, since_ms))
        for entry in news.entries:
            if told := _attended(entry):
                self.tell(told)

    async def _look_at_memories(self, redis: Client) -> None:
        since_ms = self._source.clock.now_ms()
        news = await self._anchoring.read(redis)
        for memory in news.found:
            self.tell(event("anchored", memory))
        if news.dropped:
            self.tell(gap(news.dropped, since_ms))

    def _tell_changes(self, state: MindState) -> None:
        for done in self._interventions.of(state.intervening):
            self.tell(event("intervened", cut(plain(done), OF_ATTENDED)))
        for forgotten in self._letting_go.of(state.forgotten, state.ledger):
            self.tell(event("forgotten", cut(plain(forgotten), OF_STATE)))

    def _wrong(self, state: MindState, vitals: Vitals) -> Found:
        found = vitals.of_mind(self._name)
        if faults := self._books.faults(state):
            return {**found, "ledger": ("; ".join(faults), "`thoughtstream audit`")}
        return found

    def _show(self, state: MindState, vitals: Vitals) -> None:
        """To all if it is another, else to those who have none yet."""
        rhythm = vitals.rhythm
        if not self._is_known(state) or rhythm != self._last_rhythm:
            self._last, self._last_rhythm = replace(state, now_ms=0), rhythm
            threshold = self._source.settings.streams.forget_threshold
            said = {**plain(state), "threshold": threshold, "rhythm": rhythm}
            self._shown = event("state", cut(said, OF_STATE))
            self.show(self._shown)
            return
        for reader in self._joining:
            reader.show(self._shown)

    def _is_known(self, state: MindState) -> bool:
        """Whether only time has passed."""
        return replace(state, now_ms=0) == self._last

    async def _welcome(self, redis: Client) -> None:
        """Have those who joined told of all that comes, and of what they missed."""
        missed: dict[str, list[bytes]] = {}
        for reader, known in list(self._joining.items()):
            if known is not None and _ENTRY.fullmatch(known):
                if known not in missed and len(missed) == _MOST_RESUMES:
                    continue
                if known not in missed:
                    missed[known] = await self._missed(redis, known)
                reader.begin(missed[known])
            self._joining.pop(reader, None)

    async def _missed(self, redis: Client, known: str) -> list[bytes]:
        """What was attended after an entry; with a gap before it, if some of that is gone."""
        news = await self._assembled.after(redis, known, _MOST_RESUMED)
        before = [] if news.dropped == 0 else [gap(news.dropped, _ms_of(known))]
        return before + [told for entry in news.entries if (told := _attended(entry))]


def _attended(entry: Entry) -> bytes:
    """The event; empty for an entry that attention did not write."""
    id_, fields = entry
    try:
        attended = Attended.entry(fields)
    except (KeyError, ValueError):
        return b""
    return event("attended", cut(plain(attended), OF_ATTENDED), id_)


def _ms_of(entry: str) -> int:
    return int(entry.partition("-")[0])
