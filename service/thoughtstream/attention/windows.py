"""The windows of a mind, to write to: whoever has a thought for one writes it here."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.attention import Attention
from thoughtstream.attention.models import NewThought, check_size
from thoughtstream.errors import InvalidThought, MemoryFull
from thoughtstream.store.client import Client
from thoughtstream.store.connection import typed_errors
from thoughtstream.tracing.traces import FIELD, NOTHING, Traces

BATCH = 1000
"""Thoughts that one pipeline writes."""

_Entry = tuple[str, str, dict[str, str]]
"""The key of a window, its encoded name, the fields of a thought."""

_UNUSABLE = ("WRONGTYPE", "last possible ID")
"""What Redis says of a window that is no stream, or one whose ids are used up."""


class Windows:
    """The windows of one mind, which take thoughts of so many bytes."""

    def __init__(self, redis: Client, mind: str, most_bytes: int, traces: Traces = NOTHING) -> None:
        self._traces = traces
        self._redis = redis
        self._mind = mind
        self._most_bytes = most_bytes

    def key(self, window: str) -> str:
        """The key of a window.

        Raises:
            InvalidThought: no window can have this name.
        """
        try:
            return keys.WINDOW.key(mind=self._mind, window=window)
        except ValueError as error:
            raise InvalidThought(str(error)) from None

    async def write(self, thoughts: Iterable[NewThought]) -> list[str]:
        """Write thoughts in pipelined batches, in order; returns their ids.

        Raises:
            InvalidThought: a field is wrong or a thought too large, and nothing was written; or a
            window is unusable. MemoryFull: Redis takes no new thoughts. Of both, `accepted` says
            how many were written all the same.
            RedisUnavailable: it does not answer.
        """
        entries = [
            (self.key(t.window), keys.encode_name(t.window), self._entry(t)) for t in thoughts
        ]
        ids: list[str] = []
        for start in range(0, len(entries), BATCH):
            batch = entries[start : start + BATCH]
            with self._traces.produce(self._mind, batch) as sent:
                self._carry(batch, sent.contexts)
                answers = await self._add(batch)
                written = [
                    None if isinstance(answer, Exception) else f"{answer}@{window}"
                    for (_, window, _), answer in zip(batch, answers, strict=True)
                ]
                sent.named(written)
            accepted = len(ids) + len(batch) - written.count(None)
            for (_, window, _), answer in zip(batch, answers, strict=True):
                _raise_refusal(answer, window, accepted)
            ids.extend(filter(None, written))
        return ids

    async def _add(self, batch: Sequence[_Entry]) -> list[Any]:
        with typed_errors():
            pipe = self._redis.pipeline(transaction=False)
            for key, _, entry in batch:
                pipe.execute_command("XADD", key, "*", *(x for kv in entry.items() for x in kv))
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers

    def _carry(self, batch: Sequence[_Entry], contexts: Sequence[str]) -> None:
        """Each takes its context along, but for one that would then be too large."""
        for (_, _, entry), context in zip(batch, contexts, strict=False):
            with suppress(InvalidThought):
                check_size(entry | {FIELD: context}, self._most_bytes)
                entry[FIELD] = context

    async def write_once(self, thought: NewThought, key: str) -> str:
        """Write a thought unless that was done under this idempotency key; returns its id.

        Raises:
            KeyReused: the key was another thought's. Others as `write`.
        """
        window, entry = keys.encode_name(thought.window), self._entry(thought)
        batch, attention = [(self.key(thought.window), window, entry)], Attention(self._redis)
        try:
            with self._traces.produce(self._mind, batch) as sent, typed_errors():
                self._carry(batch, sent.contexts)
                id_ = await attention.think_asked(self._mind, thought.window, entry, key)
                sent.named([id_])
                return id_
        except ResponseError as error:
            _raise_refusal(error, window, 0)
            raise

    def _entry(self, thought: NewThought) -> dict[str, str]:
        entry = thought.entry()
        check_size(entry, self._most_bytes)
        return entry


def _raise_refusal(answer: Any, window: str, accepted: int) -> None:
    if not isinstance(answer, Exception):
        return
    try:
        with typed_errors():
            raise answer
    except MemoryFull as error:
        error.accepted = accepted
        raise
    except ResponseError as error:
        if not any(text in str(error) for text in _UNUSABLE):
            raise
        refused = InvalidThought(
            f"window {window}: its key can't take thoughts, delete it with DEL ({error})"
        )
        refused.accepted = accepted
        raise refused from error
