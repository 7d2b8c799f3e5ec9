"""The typed wrapper around the attention library: one method per Function."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from redis.exceptions import ResponseError

from thoughtstream import keys
from thoughtstream.attention.models import (
    Action,
    Audit,
    CycleReport,
    Forgotten,
    NewThought,
)
from thoughtstream.attention.state import MindState, ours
from thoughtstream.config import StreamConfig
from thoughtstream.errors import (
    InterventionRefused,
    InvalidThought,
    KeyReused,
    NotForgotten,
    SpoiltMind,
)
from thoughtstream.store.client import Client
from thoughtstream.store.functions import Library
from thoughtstream.tracing.traces import FIELD

_PARTS = (
    "thought",
    "adopt",
    "anchor",
    "cycle",
    "intervene",
    "bypass",
    "receive",
    "asked",
    "looks",
    "look",
    "audit",
)
LIBRARY = Library(*(Path(__file__).parent / "lua" / f"{part}.lua" for part in _PARTS))

_FIXED = (
    keys.CONTEST, keys.DEADLINES, keys.INTERVENING, keys.ASSEMBLED, keys.REJECTED, keys.LEDGER,
)  # fmt: skip
_MEMORY = (
    keys.EPISODIC, keys.SEMANTIC, keys.PROCEDURAL, keys.UNCONSCIOUS, keys.WINDOWS, keys.GUARD,
)  # fmt: skip


Mode = Literal["select", "settle", "again"]
"""`settle`: adopt, encode and expire, but attend and forget nothing. `again`: the reply to a
`select` with the same token was lost."""


class Attention:
    """Attention on any number of minds."""

    def __init__(self, redis: Client, config: StreamConfig | None = None) -> None:
        self._redis = redis
        self._config = _as_json(config or StreamConfig())

    async def cycle(
        self, mind: str, windows: tuple[str, ...], *, token: str = "", mode: Mode = "select"
    ) -> CycleReport:
        """One attention cycle over these windows, atomic. O(log N) for N competing thoughts.

        `token` names the cycle, over all workers. Requested `again`, a cycle that has attended a
        thought returns that thought and changes nothing.
        """
        cycle_keys, prefixes = _cycle_keys(mind, windows)
        args = (token, mode, *prefixes, self._config)
        answer = await LIBRARY.call(self._redis, "attention_cycle_3", cycle_keys, args)
        return CycleReport.parse(answer)

    async def intervene(
        self, mind: str, thought_id: str, action: Action, change: dict[str, str]
    ) -> int:
        """Change an attended thought before it is encoded; returns when its window closes (ms).

        Raises:
            InterventionRefused: the window has closed, or no such thought was attended.
            InvalidThought: the id is not one.
        """
        try:
            item = keys.ITEM.key(mind=mind, id=thought_id)
        except ValueError as error:
            raise InvalidThought(str(error)) from None
        where = (keys.DEADLINES.key(mind=mind), keys.INTERVENING.key(mind=mind), item)
        state, *at = await LIBRARY.call(
            self._redis, "attention_intervene_3", where, (thought_id, action, *_flat(change))
        )
        if state == "malformed":
            raise InvalidThought(f"id: {thought_id!r} is not <ms>-<seq>@<window>")
        if state == "closed":
            raise InterventionRefused(f"{thought_id}: its intervention window closed at {at[0]} ms")
        if state == "unknown":
            raise InterventionRefused(f"{thought_id}: is not in its intervention window")
        return int(at[0])

    async def anchor(self, mind: str, window: str, entry: dict[str, str]) -> str:
        """Make a thought a memory at once, past the contest; returns its id.

        Raises:
            InvalidThought: a field is wrong; nothing was written.
        """
        cycle_keys, prefixes = _cycle_keys(mind, (window,))
        args = (prefixes[1], self._config, *_flat(entry))
        state, text = await LIBRARY.call(self._redis, "attention_anchor_3", cycle_keys, args)
        if state == "refused":
            raise InvalidThought(text)
        return str(text)

    async def think_once(
        self, mind: str, thought: NewThought, name: str, losers: Sequence[str], remember_ms: int
    ) -> str | None:
        """Write a thought that came under a name; returns its id, None if that name came before.

        `losers`: names that came and are not thought. All are remembered for `remember_ms`.
        """
        where = (
            keys.RECEIVED.key(mind=mind),
            keys.LEDGER.key(mind=mind),
            keys.WINDOW.key(mind=mind, window=thought.window),
            keys.GUARD.key(mind=mind),
        )
        args = (remember_ms, name, len(losers), *losers, *_flat(thought.entry()))
        found = await LIBRARY.call(self._redis, "attention_think_once_3", where, args)
        return None if found is None else str(found)

    async def anchor_once(
        self, mind: str, window: str, entry: dict[str, str], name: str
    ) -> str | None:
        """As `anchor`, of what came under a name; None if that name came before."""
        cycle_keys, prefixes = _cycle_keys(mind, (window,))
        where = (*cycle_keys, keys.RECEIVED.key(mind=mind).encode())
        args = (name, prefixes[1], self._config, *_flat(entry))
        state, text = await LIBRARY.call(self._redis, "attention_anchor_once_3", where, args)
        if state == "refused":
            raise InvalidThought(text)
        return str(text) if state == "ok" else None

    async def think_asked(self, mind: str, window: str, entry: dict[str, str], key: str) -> str:
        """Write a thought that is asked for under a key; returns its id, also if it was before.

        Raises:
            KeyReused: the key was another thought's; nothing was written.
        """
        where = (
            _asked(mind, key),
            keys.WINDOW.key(mind=mind, window=window),
            keys.GUARD.key(mind=mind),
        )
        args = (_body("think", window, entry), keys.ASKED.ttl_s, *_flat(entry))
        answer = await self._asked("attention_think_asked_3", where, args)
        return _answered(key, answer)

    async def anchor_asked(self, mind: str, window: str, entry: dict[str, str], key: str) -> str:
        """As `anchor`, of what is asked for under a key. Raises: KeyReused, too."""
        cycle_keys, prefixes = _cycle_keys(mind, (window,))
        where = (*cycle_keys, _asked(mind, key).encode())
        body = _body("anchor", window, entry)
        args = (body, keys.ASKED.ttl_s, prefixes[1], self._config, *_flat(entry))
        answer = await self._asked("attention_anchor_asked_3", where, args)
        return _answered(key, answer)

    async def _asked(self, function: str, where: Sequence[Any], args: Sequence[Any]) -> Any:
        """Asked again if the answer was lost: that is what the key is for."""
        return await LIBRARY.call(self._redis, function, where, args, is_idempotent=True)

    async def confirm(self, mind: str, thought_id: str) -> bool:
        """Whether a memory is there; asked with a write, which WAIT can wait for."""
        item = keys.ITEM.key(mind=mind, id=thought_id)
        return bool(await LIBRARY.call(self._redis, "attention_confirm_3", [item], ()))

    async def take_back(self, mind: str, forgotten: Forgotten, salience: float) -> str:
        """Have a forgotten thought compete again; returns its new id.

        Raises:
            NotForgotten: it is not, or no longer, in the unconscious.
        """
        where = (
            keys.UNCONSCIOUS.key(mind=mind),
            keys.WINDOW.key(mind=mind, window=forgotten.window),
            keys.GUARD.key(mind=mind),
        )
        args = (forgotten.entry, repr(salience))
        found = await LIBRARY.call(self._redis, "attention_take_back_3", where, args)
        if found is None:
            raise NotForgotten(f"{forgotten.entry}: is not (or no longer) among the forgotten")
        return str(found)

    async def audit(self, mind: str, windows: tuple[str, ...]) -> Audit:
        """Check the conservation of thoughts and memories, in one atomic step, over these windows
        and those that attention has found. O(N) for N competing thoughts; O(1) in memories.

        Raises:
            SpoiltMind: a key of the mind is of another type, or the ledger's counts are none.
        """
        where, prefixes = _cycle_keys(mind, windows)
        answer = await self._look("attention_audit_3", where, prefixes)
        with ours(keys.LEDGER, mind):
            return Audit.parse(answer)

    async def look(self, mind: str, windows: tuple[str, ...], top: int) -> MindState:
        """A mind at one moment, with these windows and those that attention has found, and at most
        `top` of each list but of `intervening`. O(top), and O(N) for N windows.

        Raises:
            SpoiltMind: a key of the mind has what the engine does not write.
        """
        where, (prefix, _) = _cycle_keys(mind, windows)
        answer = await self._look("attention_look_3", where, (prefix, top))
        return MindState.parse(mind, answer, top)

    async def _look(self, function: str, where: Sequence[bytes], args: Sequence[Any]) -> Any:
        try:
            return await LIBRARY.call(self._redis, function, where, args, read_only=True)
        except ResponseError as error:
            kind, _, said = str(error).partition(" ")
            if kind != "WRONGTYPE":
                raise
            raise SpoiltMind(f"{keys.readable(said)}; RENAME it away, or DEL it") from error


def _asked(mind: str, key: str) -> str:
    try:
        return keys.ASKED.key(mind=mind, key=key)
    except ValueError as error:
        raise InvalidThought(f"idempotency_{error}") from None


def _body(verb: str, window: str, entry: dict[str, str]) -> str:
    """What tells one request from another; not what caused it."""
    said = {name: value for name, value in entry.items() if name != FIELD}
    text = json.dumps((verb, window, said), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _flat(entry: dict[str, str]) -> list[str]:
    return [text for pair in entry.items() for text in pair]


def _answered(key: str, answer: list[str]) -> str:
    state, text = answer
    if state == "refused":
        raise InvalidThought(text)
    if state == "reused":
        raise KeyReused(f"idempotency_key: {key!r} was another thought's ({text}); give a new one")
    return str(text)


@lru_cache(maxsize=4096)
def _cycle_keys(
    mind: str, windows: tuple[str, ...]
) -> tuple[tuple[bytes, ...], tuple[bytes, bytes]]:
    """The keys of a cycle and its prefixes; as bytes, since most of a cycle's time goes into
    sending it.
    """
    names = [family.key(mind=mind) for family in (*_FIXED, *_MEMORY)]
    names += [keys.WINDOW.key(mind=mind, window=window) for window in windows]
    window_prefix = keys.WINDOW.key(mind=mind, window="_")[:-1]
    item_prefix = keys.ITEM.key(mind=mind, id="_")[:-1]
    return tuple(name.encode() for name in names), (window_prefix.encode(), item_prefix.encode())


def _as_json(config: StreamConfig) -> bytes:
    """The configuration as `config_of` in cycle.lua reads it."""
    return json.dumps(
        {
            "ttl": config.working_memory_ttl_ms,
            "maxlen": config.working_memory_maxlen,
            "threshold": config.forget_threshold,
            "weight": config.connection_weight,
            "half_life": config.half_life_ms or 0,
            "archive": config.forget == "archive",
            "batch": config.batch,
            "max_bytes": config.max_thought_bytes,
            "assembled_maxlen": config.assembled_maxlen,
            "rejected_maxlen": config.rejected_maxlen,
            "unconscious_maxlen": config.unconscious_maxlen,
            "episodic_maxlen": config.episodic_memory_maxlen,
            "semantic_maxlen": config.semantic_memory_maxlen,
        }
    ).encode()
