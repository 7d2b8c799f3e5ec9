"""The forgotten, a few of them a second: who floods a mind does not flood its readers."""

import asyncio
from typing import Any

from thoughtstream.attention.models import Forgotten
from thoughtstream.memory.models import order

MOST_A_SECOND = 20
_COUNTS = ("forgotten", "let_go")


class LettingGo:
    """Fed with the newest of the forgotten and the ledger, look by look."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._last: tuple[int, int] | None = None
        self._counted = 0
        self._second, self._told = 0.0, 0
        self._more = 0

    def of(
        self, newest: list[Forgotten], ledger: dict[str, int]
    ) -> list[Forgotten | dict[str, Any]]:
        """Those to tell of, the oldest first, and once a second `{more: n}` for the others."""
        counted = sum(ledger.get(name, 0) for name in _COUNTS)
        was, self._last = self._last, max((order(one.entry) for one in newest), default=(0, 0))
        before, self._counted = self._counted, counted
        if was is None:
            return []
        said = self._begin_second()
        new = [one for one in reversed(newest) if order(one.entry) > was]
        told = new[: MOST_A_SECOND - self._told]
        self._told += len(told)
        self._more += max(counted - before, len(new)) - len(told)
        return [*said, *told]

    def _begin_second(self) -> list[Forgotten | dict[str, Any]]:
        now = self._clock()
        if now - self._second < 1:
            return []
        self._second, self._told = now, 0
        more, self._more = self._more, 0
        return [{"more": more}] if more > 0 else []
