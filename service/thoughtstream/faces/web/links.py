"""What can be done next with an answer, for `/openapi.json`: programs find their way by it."""

from typing import Any

_MIND = {"mind": "$request.path.mind"}
_QUEUE = {"queue": "$request.path.queue"}
_AGENT = {"agent": "$request.path.agent"}


def _all(names: str, *parameters: dict[str, str], **more: str) -> dict[str, dict[str, str]]:
    """Several operations with the same parameters."""
    merged = {name: said for each in (*parameters, more) for name, said in each.items()}
    return dict.fromkeys(names.split(), merged)


_MEMORY = {**_MIND, "memory": "$response.body#/id"}
_OF_MEMORY = "memory supersede forget erase"

_NEXT: dict[str, dict[str, dict[str, str]]] = {
    "think": _all("find intervene", _MIND, thought="$response.body#/id"),
    "anchor": _all(_OF_MEMORY, _MEMORY),
    "supersede": _all(_OF_MEMORY, _MEMORY),
    "forget": _all("take_back", _MIND, entry="$response.body#/entry"),
    "register": _all("agent leave send take subscribe", _AGENT),
    "sleep": _all("slept", _MIND, session="$response.body#/session"),
    "submit": _all("task cancel answer", _QUEUE, task="$response.body#/id")
    | _all("queue work replay", _QUEUE),
    "dispatch": _all("packet", packet="$response.body#/id"),
    "hold": _all("release", name="$request.path.name"),
    "cache": _all("cached uncache", key="$request.path.key"),
    "jot": _all("jotted strike", key="$request.path.key"),
}
"""By operation: those that may come next, and where their parameters are."""


def links_of(operation: str) -> dict[str, Any]:
    """The links of an operation's answer, as OpenAPI has them."""
    return {
        following: {"operationId": following, "parameters": parameters}
        for following, parameters in _NEXT.get(operation, {}).items()
    }
