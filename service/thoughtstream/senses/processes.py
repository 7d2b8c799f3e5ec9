"""Processes that start and end, by name; never their command lines, which may hold secrets."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil

from thoughtstream.attention.models import NewThought
from thoughtstream.keys import readable
from thoughtstream.senses import salience

_COMES, _GOES = 0.8, 0.6
_KTHREADD = 2
_SHORT_LIVED_S = 60.0
_DIGITS = re.compile(r"\d+")

Table = dict[tuple[int, float], str]
"""The name of each process, by its id and start time."""


def table() -> Table:
    """The processes that are running, without the kernel's own. The system cuts names after 15
    bytes, be it inside a character.
    """
    return {
        (process.pid, process.info["create_time"] or 0.0): readable(process.info["name"] or "?")
        for process in psutil.process_iter(["create_time", "name", "ppid"])
        if not (psutil.LINUX and _KTHREADD in (process.pid, process.info["ppid"]))
    }


@dataclass
class ProcessChanges:
    """What has started and ended since the last time, and how often each name has."""

    last: Table = field(default_factory=table)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)

    def notice(self, now: Table) -> Iterator[NewThought]:
        """A thought for each name that started or ended, however many processes have it. The end of
        one that lived less than a minute is no news: most are commands that did what they should.
        """
        came = Counter(name for process, name in now.items() if process not in self.last)
        born_before = time.time() - _SHORT_LIVED_S
        went = Counter(
            name
            for process, name in self.last.items()
            if process not in now and process[1] < born_before
        )
        self.last = now
        for verb, weight, names in (("started", _COMES, came), ("ended", _GOES, went)):
            for name, count in sorted(names.items()):
                like = (_DIGITS.sub("#", name), verb)
                self.times[like] += 1
                yield _thought(name, verb, count, weight, self.times[like])


def _thought(name: str, verb: str, count: int, weight: float, times: int) -> NewThought:
    many = f"process {name} {verb}" if count == 1 else f"{count} processes {name} {verb}"
    return NewThought(
        content=many,
        window="processes",
        salience=round(salience.of_event(weight, times), 3),
        extra={"value": str(count), "unit": "processes"},
    )
