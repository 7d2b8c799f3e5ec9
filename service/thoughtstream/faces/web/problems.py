"""What goes wrong, as `application/problem+json` (RFC 9457): the exception's own words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from thoughtstream import errors
from thoughtstream.config import ConfigError
from thoughtstream.discretion import without_secrets
from thoughtstream.faces.web.answers import Answer
from thoughtstream.faces.web.tokens import TokensError
from thoughtstream.memory.archive import BadExport
from thoughtstream.memory.consolidation import Asleep, Superseded
from thoughtstream.memory.query import InvalidRecall
from thoughtstream.memory.sleep import DistillerFailed
from thoughtstream.memory.wiping import BeingDeleted

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_FIELD = re.compile(r"([\w.]+): (.+)", re.S)
RETRY_S = 2
log = structlog.get_logger()


@dataclass(frozen=True)
class Kind:
    """A kind of problem: its name in `type`, its status, a title, and when it is met."""

    name: str
    status: int
    title: str
    says: str
    extra: Mapping[str, Any] = field(default_factory=dict)


def _kind(name: str, status: int, title: str, says: str, **extra: Any) -> Kind:
    return Kind(name, status, title, says, extra)


INVALID = _kind("invalid", 422, "Invalid", "A field is wrong; `errors` says which, and the cure.")
UNKNOWN = _kind("not-found", 404, "Not found", "There is nothing here that this token may see.")
FORBIDDEN = _kind("forbidden", 403, "Not allowed", "The token lacks the scope that is named.")
UNAUTHORIZED = _kind("unauthorized", 401, "Who are you?", "A valid token is missing.")
TOO_LARGE = _kind("too-large", 413, "Too large", "The body is larger than `web.max_body_bytes`.")
MISDIRECTED = _kind("misdirected", 421, "Not our name", "The Host is none of `web.hosts`.")
FOREIGN = _kind("foreign-origin", 403, "From elsewhere", "A change came from another site's page.")
UNAVAILABLE = _kind(
    "redis-unavailable", 503, "Redis is away", "Whether a write was made isn't known.",
    written="unknown",
)  # fmt: skip
LOST = _kind("lost", 409, "Too late", "The lease has ended, and it is somebody else's.")
NO_JSON = _kind("no-json", 415, "Not JSON", "The Content-Type of the body is not JSON.")
NOT_NOW = _kind("not-now", 409, "Not now", "The task has ended, or asks nothing.")
TOO_MANY = _kind("too-many-requests", 429, "Too many", "Ask again after `Retry-After` seconds.")
FAULT = _kind("fault", 500, "A fault of ours", "The service's log has it under `request_id`.")

KINDS: dict[type[Exception], Kind] = {
    errors.InvalidThought: INVALID,
    InvalidRecall: INVALID,
    errors.InvalidTask: INVALID,
    errors.InvalidValue: INVALID,
    errors.InvalidPacket: INVALID,
    BadExport: _kind("bad-export", 422, "No whole export", "Nothing was imported."),
    errors.KeyReused: _kind(
        "idempotency-key-reused", 422, "Key was another's", "The key came with another body."
    ),
    errors.NotConfirmed: _kind("not-confirmed", 422, "Not confirmed", "Repeat the name."),
    errors.NotRemembered: UNKNOWN,
    errors.NotForgotten: UNKNOWN,
    errors.NotMerged: UNKNOWN,
    errors.TaskUnknown: UNKNOWN,
    errors.AgentUnknown: UNKNOWN,
    errors.InterventionRefused: _kind(
        "intervention-closed", 409, "Too late", "It can't be changed any more: supersede it."
    ),
    errors.SpoiltMind: _kind(
        "spoilt-mind", 409, "Spoilt", "A key of this mind is somebody else's."
    ),
    Asleep: _kind("asleep", 409, "Asleep", "Another worker puts this mind to sleep."),
    Superseded: _kind("superseded", 409, "Taken over", "Another worker took over."),
    BeingDeleted: _kind("being-deleted", 409, "Being deleted", "Somebody else deletes this mind."),
    errors.AgentHeld: _kind("agent-held", 409, "Held", "The name is held by who is alive."),
    errors.AgentSuperseded: _kind("agent-superseded", 409, "Taken over", "It is somebody else."),
    errors.Reserved: _kind("reserved", 409, "Reserved", "Somebody else has it."),
    errors.ReservationLost: _kind("reservation-lost", 409, "Lost", "It is somebody else's now."),
    errors.TaskFailed: _kind("task-failed", 409, "Failed", "The task ended without a result."),
    errors.QueueClosed: _kind("queue-closed", 409, "Closed", "Nobody takes what this queue takes."),
    errors.QueueFull: _kind("queue-full", 507, "Queue full", "None of the tasks was submitted."),
    errors.MemoryFull: _kind("memory-full", 507, "Redis is full", "New thoughts are refused."),
    errors.WritesRefused: _kind(
        "writes-refused", 503, "Disk trouble", "The write was not made.", written="no"
    ),
    errors.RedisUnavailable: UNAVAILABLE,
    errors.NotDurable: _kind(
        "not-durable", 504, "Not as durable as asked", "It is anchored; see `id`."
    ),
    DistillerFailed: _kind("distiller-failed", 503, "No gist", "The session can be resumed."),
    ConfigError: _kind("misconfigured", 503, "Misconfigured", "The server needs its operator."),
    TokensError: _kind("tokens-unreadable", 503, "Nobody gets in", "`tokens.json` is spoilt."),
}
"""How each error of ours is told; one that is missing here counts as its nearest ancestor."""

_OTHERS = (
    INVALID, UNKNOWN, FORBIDDEN, UNAUTHORIZED, TOO_LARGE, MISDIRECTED, FOREIGN, LOST, NOT_NOW,
    NO_JSON, TOO_MANY, FAULT,
)  # fmt: skip
ALL = {kind.name: kind for kind in (*KINDS.values(), *_OTHERS)}
"""All kinds by name, for `GET /problems/{name}`."""


class Wrong(BaseModel):
    """What is wrong with a field; `pointer`: where in the body (RFC 6901), or which parameter."""

    pointer: str
    detail: str


class Told(BaseModel):
    """A problem (RFC 9457). Some kinds say more: `scope`, `written`, `accepted`, `id`."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[Wrong] = []


class Problem(HTTPException):
    """Ends a request with a problem, also in the middle of reading its body."""

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(kind.status, detail, dict(headers or {}))
        self.kind = kind
        self.extra = extra


def answer(
    kind: Kind, detail: str, errors: Sequence[Mapping[str, str]] = (), **extra: Any
) -> Response:
    """The answer that tells of a problem."""
    body = {
        "type": f"/problems/{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "detail": without_secrets(detail),
        "request_id": uuid4().hex,
        **({"errors": errors} if errors else {}),
        **kind.extra,
        **extra,
    }
    if kind.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("web.fault", request_id=body["request_id"], error=detail)
        body["detail"] = kind.says
    headers = {"Cache-Control": "no-store"}
    if kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_S)
    if kind.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(body, kind.status, headers, "application/problem+json")


def answer_to(problem: Problem) -> Response:
    """The answer that tells of this problem."""
    told = answer(problem.kind, problem.detail, **problem.extra)
    told.headers.update(problem.headers or {})
    return told


def kind_of(error: Exception) -> Kind:
    """The kind of an error."""
    found = (KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS)
    return next(found, FAULT)


def install(app: FastAPI) -> None:
    """Have an app tell of all that goes wrong in this way."""
    app.add_exception_handler(Problem, _of_ours)
    app.add_exception_handler(errors.ThoughtstreamError, _of_the_engine)
    app.add_exception_handler(RecursionError, _of_recursion)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_routing)
    app.add_exception_handler(Exception, _of_a_fault)


async def _of_ours(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer_to(error)


async def _of_the_engine(_: Request, error: Exception) -> Response:
    return of_the_engine(error)


async def _of_recursion(_: Request, error: Exception) -> Response:
    return answer(INVALID, "body: is nested too deep; a few hundred levels are possible")


def of_the_engine(error: Exception) -> Response:
    """The answer that tells of an error of ours."""
    kind, message = kind_of(error), str(error)
    named = [_FIELD.fullmatch(line) for line in message.splitlines()]
    fields = [_at(match[1].split("."), match[2]) for match in named if match]
    extra = {name: getattr(error, name) for name in ("accepted", "id") if hasattr(error, name)}
    is_invalid = kind.status == HTTPStatus.UNPROCESSABLE_ENTITY
    return answer(kind, message, fields if is_invalid else (), **extra)


async def _of_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    items = error.errors()
    if all(map(_is_no_object, items)) and "json" not in _type_of(request):
        return answer(NO_JSON, "body: send JSON, with the header `Content-Type: application/json`")
    found = [_at(_path(item["loc"]), item["msg"].removeprefix("Value error, ")) for item in items]
    if any(item["type"] == "json_invalid" and "line" not in item["loc"] for item in items):
        return answer(Kind("malformed", 400, "No JSON", ""), f"body: {found[0]['detail']}")
    detail = "; ".join(f"{one['pointer'].lstrip('/') or 'body'}: {one['detail']}" for one in found)
    return answer(INVALID, detail, found)


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "")


def _is_no_object(item: Mapping[str, Any]) -> bool:
    """What is wrong with a body that was not read, because it is said to be no JSON."""
    is_that = item["type"] in ("model_attributes_type", "dict_type", "missing")
    return is_that and item["loc"][0] == "body"


_WHERE = ("body", "query", "path", "header")
_SHAPES = ("one", "many")
"""How a body was taken: no part of it."""


def _path(location: Sequence[object]) -> Sequence[object]:
    """Where in a body, or which parameter."""
    inside = location[1:] if location[0] in _WHERE else location
    return inside[1:] if inside and inside[0] in _SHAPES else inside


def _at(path: Sequence[object], detail: str) -> dict[str, str]:
    """What is wrong with a field, by its JSON pointer (RFC 6901)."""
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return {"pointer": "".join(f"/{part}" for part in parts), "detail": detail}


async def _of_routing(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    name = status.phrase.lower().replace(" ", "-")
    told = answer(Kind(name, status, status.phrase, ""), str(error.detail))
    told.headers.update(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        told.headers["Allow"] = ", ".join(_allowed(request))
    return told


def _allowed(request: Request) -> list[str]:
    """What may be done with a path: several routes share it, and each knows only its own method."""
    routes = request.app.router.routes

    def is_known(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(route.matches(asked)[0] == Match.FULL for route in routes)

    return [method for method in _METHODS if is_known("GET" if method == "HEAD" else method)]


async def _of_a_fault(_: Request, error: Exception) -> Response:
    return answer(FAULT, repr(error))
