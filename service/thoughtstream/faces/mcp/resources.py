"""What can be read whole: what is attended, memories, what was forgotten, windows, and tasks."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from thoughtstream import keys
from thoughtstream.discretion import without_secrets
from thoughtstream.errors import (
    InvalidThought,
    NotForgotten,
    NotRemembered,
    TaskUnknown,
    ThoughtstreamError,
)
from thoughtstream.faces.mcp import uris
from thoughtstream.faces.mcp.agent import Agent
from thoughtstream.faces.mcp.request import Request
from thoughtstream.faces.plain import plain
from thoughtstream.store.connection import typed_errors

_JSON = "application/json"
_TOP = 20
_ENTRY = re.compile(r"\d{1,20}-\d{1,19}")
_UNKNOWN = (NotRemembered, NotForgotten, TaskUnknown)

WATCHED = frozenset({("mind", "attention"), ("mind", "attended")})
"""What tells its subscribers when it changes."""

_FIXED = {
    "attention": "What the mind attends to, what can still be changed, and what competes.",
    "attended": "The thoughts that were attended, the newest first.",
}
_NAMED = {
    "memories/{id}": "One memory, whole, with its provenance.",
    "forgotten/{entry}": "One thing that was forgotten, whole.",
    "windows/{window}": "The newest thoughts of a window, also those that nobody attended yet.",
}


def address_of(uri: str) -> uris.Address:
    """What a URI names.

    Raises:
        MCPError: nothing of ours.
    """
    address = uris.parse(uri)
    if address is None:
        raise MCPError(types.INVALID_PARAMS, f"{uri}: is no resource here; list them first")
    return address


@contextmanager
def protocol_errors(uri: str) -> Iterator[None]:
    """Our errors, as the protocol says them of resources.

    Raises:
        MCPError: with the error's own words.
    """
    try:
        yield
    except ThoughtstreamError as error:
        is_theirs = isinstance(error, (*_UNKNOWN, ValueError))
        code = types.INVALID_PARAMS if is_theirs else types.INTERNAL_ERROR
        raise MCPError(code, without_secrets(str(error)), {"uri": uri}) from None


def listed(mind: str | None) -> list[types.Resource]:
    """Those that are there without being asked for by name."""
    if mind is None:
        return []
    return [
        types.Resource(name=kind, uri=uris.mind(mind, kind), description=says, mime_type=_JSON)
        for kind, says in _FIXED.items()
    ]


def templates(mind: str | None, *, with_tasks: bool) -> list[types.ResourceTemplate]:
    """Those that are asked for by name."""
    owner = "{mind}" if mind is None else uris.segment(mind)
    kinds = _NAMED if mind is not None else _FIXED | _NAMED
    found = {f"mind://{owner}/{kind}": says for kind, says in kinds.items()}
    if with_tasks:
        found["task://{queue}/{id}"] = "A task: its state, and its result, error or text."
    return [
        types.ResourceTemplate(
            name=uri.split("/")[3], uri_template=uri, description=says, mime_type=_JSON
        )
        for uri, says in found.items()
    ]


async def read(uri: str, address: uris.Address, request: Request) -> types.ReadResourceResult:
    """Something of a mind.

    Raises:
        MCPError: there is no such resource. ThoughtstreamError: it can't be read.
    """
    reading = _READERS.get((address.kind, address.name is not None))
    if reading is None:
        raise MCPError(types.INVALID_PARAMS, f"{uri}: a mind has {', '.join(_FIXED | _NAMED)}")
    return _contents(uri, await reading(request, address.name or ""))


async def read_task(
    uri: str, address: uris.Address, agent: Agent | None
) -> types.ReadResourceResult:
    """Where a task is, and what became of it.

    Raises:
        MCPError: this client is no agent. ThoughtstreamError: it can't be read.
    """
    if agent is None:
        raise MCPError(types.INVALID_PARAMS, f"{uri}: tasks are for agents; allow `work`")
    state = await agent.task_state(address.owner, address.kind)
    return _contents(uri, state)


def _contents(uri: str, value: Any) -> types.ReadResourceResult:
    text = keys.readable(json.dumps(plain(value), ensure_ascii=False))
    found = types.TextResourceContents(uri=uri, text=text, mime_type=_JSON)
    return types.ReadResourceResult(contents=[found])


async def _attention(request: Request, _: str) -> Any:
    state = await request.mind.state(top=_TOP)
    return {
        "now_ms": state.now_ms,
        "attends_to": state.attended[0] if state.attended else None,
        "changeable": state.intervening,
        "competing": state.competing,
        "strongest": state.contest,
        "warning": await request.warning(),
    }


async def _attended(request: Request, _: str) -> Any:
    state = await request.mind.state(top=_TOP)
    return {"attended": state.attended}


async def _memory(request: Request, id: str) -> Any:
    return (await request.mind.memory(id)).model_dump(mode="json")


async def _forgotten(request: Request, entry: str) -> Any:
    if not _ENTRY.fullmatch(entry):
        raise NotForgotten(f"entry: {entry!r} is not <ms>-<seq>")
    ms, _, sequence = entry.partition("-")
    found = await request.mind.forgotten(limit=1, before=f"{ms}-{int(sequence) + 1}")
    if not found or found[0].entry != entry:
        raise NotForgotten(f"{entry}: is not (or no longer) among the forgotten")
    return found[0]._asdict()


async def _window(request: Request, window: str) -> Any:
    try:
        key = keys.WINDOW.key(mind=request.mind.name, window=window)
    except ValueError as error:
        raise InvalidThought(str(error)) from None
    with typed_errors():
        found: Any = await request.redis.xrevrange(key, count=_TOP)
    thoughts = [{"entry": entry, **keys.readable_fields(fields)} for entry, fields in found]
    return {"window": window, "thoughts": thoughts}


_READERS = {
    ("attention", False): _attention,
    ("attended", False): _attended,
    ("memories", True): _memory,
    ("forgotten", True): _forgotten,
    ("windows", True): _window,
}
