"""What went wrong in single minds: each pauses by itself, longer each time, and is said to be in
trouble until it goes well again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog

from thoughtstream.backoff import Backoff
from thoughtstream.store.outages import OUTAGES, is_of_one_mind

What = Literal["attention", "triggers", "embedding", "sleep"]

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_MOST_TOLD = 10
_MOST_WORDS = 200

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fault:
    """What failed in a mind, `tries` times since `since` (ms since 1970, by the clock of the
    service's host), and why the last time. It is tried again `again_s` after that.
    """

    mind: str
    what: What
    error: str
    since: int
    tries: int
    again_s: float


class Faults:
    """The faults of the minds of one service."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known = dict[tuple[str, What], tuple[Fault, Backoff, float]]()

    @contextmanager
    def alone(self, mind: str, what: What) -> Iterator[None]:
        """Whatever goes wrong within is of this mind alone, and is known afterwards.

        Raises:
            redis ConnectionError, TimeoutError and the like: Redis was lost.
        """
        try:
            yield
        except OUTAGES:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is, other minds go on
            if is_of_one_mind(error):
                self.failed(mind, what, error)
            else:
                log.warning(f"{what}.failed", mind=mind, error=str(error))
        else:
            self.well(mind, what)

    def failed(self, mind: str, what: What, error: BaseException) -> float:
        """It failed, for a reason of this mind; returns for how long it is to be left (s)."""
        was, backoff, _ = self._known.get((mind, what)) or (None, _backoff(), 0.0)
        fault = Fault(
            mind=mind,
            what=what,
            error=_words(error),
            since=was.since if was else round(time.time() * 1000),
            tries=was.tries + 1 if was else 1,
            again_s=backoff.take(),
        )
        self._known[mind, what] = fault, backoff, self._clock() + fault.again_s
        log.error(f"{what}.failed", mind=mind, error=fault.error, retry_in_s=fault.again_s)
        return fault.again_s

    def rests(self, mind: str, what: What) -> bool:
        """Whether it failed so lately that it is to be left."""
        known = self._known.get((mind, what))
        return known is not None and self._clock() < known[2]

    def well(self, mind: str, what: What) -> None:
        """It went well."""
        if self._known.pop((mind, what), None) is not None:
            log.info(f"{what}.well_again", mind=mind)

    def forget(self, mind: str) -> None:
        """Another service has this mind now."""
        for known in [one for one in self._known if one[0] == mind]:
            del self._known[known]

    def told(self) -> dict[str, Any]:
        """For others: how many there are, and the oldest of them; empty if there are none."""
        if not self._known:
            return {}
        oldest = sorted((fault for fault, _, _ in self._known.values()), key=lambda f: f.since)
        return {"count": len(oldest), "first": [asdict(one) for one in oldest[:_MOST_TOLD]]}


def _backoff() -> Backoff:
    return Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)


def _words(error: BaseException) -> str:
    """Its words, not too many; with its type, if they are neither a server's nor ours."""
    is_told = type(error).__module__.split(".")[0] in ("redis", "thoughtstream")
    words = str(error) if is_told else repr(error)
    return words.encode(errors="backslashreplace").decode()[:_MOST_WORDS]
