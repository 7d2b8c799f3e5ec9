"""The attention algorithm of the ADR-007, as it is written there, made to run.

It reads by XREAD, and acknowledges in a consumer group that has delivered nothing; `grouped` is the
same with the group's own read, which its text and table speak of. Both keep the ADR's faults.
"""

from dataclasses import dataclass
from typing import Any, Literal

from redis.asyncio import Redis

from thoughtstream.config import StreamConfig

STREAMS = ("thought:sensory", "thought:memory", "thought:emotion", "thought:reasoning")
GROUP = "attention"
_COUNT = 100

Reading = Literal["written", "grouped"]


@dataclass(frozen=True)
class Candidate:
    """A thought that was read."""

    score: float
    stream: str
    id: str
    content: str


class AdrAttention:
    """`attention_cycle` of the ADR."""

    def __init__(self, redis: Redis, config: StreamConfig, reading: Reading) -> None:
        self._redis: Any = redis
        self._config = config
        self._reading = reading

    async def begin(self) -> None:
        """Make the group, from the first thought on."""
        for stream in STREAMS:
            await self._redis.xgroup_create(stream, GROUP, id="0", mkstream=True)

    async def cycle(self) -> tuple[Candidate, list[Candidate]] | None:
        """The winner, and the losers that it deleted; None where the ADR's code would crash (it
        takes the first of no candidates).
        """
        candidates = [
            self._scored(stream, entry, fields)
            for stream, entries in await self._read() or []
            for entry, fields in entries
        ]
        candidates.sort(key=lambda candidate: candidate.score, reverse=True)
        if not candidates:
            return None
        winner, *losers = candidates
        await self._redis.xack(winner.stream, GROUP, winner.id)
        weak = [loser for loser in losers if loser.score < self._config.forget_threshold]
        for loser in weak:
            await self._redis.xdel(loser.stream, loser.id)
        return winner, weak

    async def _read(self) -> Any:
        block = max(self._config.cycle_target_ms, 1)
        if self._reading == "written":
            return await self._redis.xread(dict.fromkeys(STREAMS, "0"), count=_COUNT, block=block)
        streams = dict.fromkeys(STREAMS, ">")
        return await self._redis.xreadgroup(GROUP, "i", streams, count=_COUNT, block=block)

    def _scored(self, stream: str, entry: str, fields: dict[str, str]) -> Candidate:
        salience = float(fields.get("salience", 0.5))
        connection = float(fields.get("connection_relevance", 0.0))
        score = salience + connection * self._config.connection_weight
        return Candidate(score, stream, entry, fields["content"])
