"""Who may come in: our own names only, with a token, and no other site's page in its owner's name.

All of it is known before a body is read.
"""

from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thoughtstream.config import LOOPBACK
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.tokens import Token, Tokens

COOKIE = "thoughtstream"
_LOOKS = ("GET", "HEAD", "OPTIONS")
_UNLIMITED = "/import"
"""An import is read to a file, and only who may operate gets there."""


class Guard:
    """In front of an app. Puts the token into `scope["state"]["token"]`; None where none is needed:
    for the page's files, for probes, and to log in.

    `hosts`: names beside those of loopback.
    """

    def __init__(
        self, app: ASGIApp, *, tokens: Tokens, hosts: Collection[str], max_body_bytes: int
    ) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = {*LOOPBACK, *(host.lower() for host in hosts)}
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a problem."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            scope.setdefault("state", {})["token"] = self._checked(scope)
            receive = self._bounded(scope, receive)
        except Problem as problem:
            refusal = problems.answer(problem.kind, problem.detail, **problem.extra)
            return await refusal(scope, receive, send)
        return await self._app(scope, receive, send)

    def _checked(self, scope: Scope) -> Token | None:
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        if not _needs_a_token(scope):
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._owner(given.strip())
        given = _cookie(headers.get("cookie", ""))
        token = self._owner(given)
        if scope["method"] not in _LOOKS:
            _check_origin(headers)
        return token

    def _owner(self, given: str) -> Token:
        if not given:
            raise Problem(
                problems.UNAUTHORIZED,
                "a token is missing: give it as `Authorization: Bearer ts_…`; `thoughtstream open` "
                "opens the page with one, `thoughtstream token add` makes one",
            )
        token = self._tokens.find(given)
        if token is None:
            raise Problem(
                problems.UNAUTHORIZED, "the token is unknown or over: `thoughtstream token list`"
            )
        return token

    def _check_host(self, given: str) -> None:
        try:
            host = urlsplit(f"//{given}").hostname or ""
        except ValueError:
            host = ""
        if host.lower() not in self._hosts:
            raise Problem(
                problems.MISDIRECTED,
                "host: this server goes by another name; its operator adds it to `web.hosts`",
            )

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        if scope["path"].endswith(_UNLIMITED):
            return receive
        told = Headers(scope=scope).get("content-length", "")
        left = self._max_body_bytes
        if told.isdecimal() and int(told) > left:
            raise self._too_large()

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise self._too_large()
            return message

        return bounded

    def _too_large(self) -> Problem:
        return Problem(
            problems.TOO_LARGE,
            f"body: the most is {self._max_body_bytes:,} bytes (web.max_body_bytes)",
        )


def _needs_a_token(scope: Scope) -> bool:
    path: str = scope["path"]
    is_login = path == "/v1/session" and scope["method"] == "POST"
    return path.startswith(("/v1/", "/mcp", "/metrics")) and not is_login


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _check_origin(headers: Headers) -> None:
    """Another site's page can neither send our header nor say that it is ours."""
    host = headers.get("host", "")
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    is_ours = site == "same-origin" if site else urlsplit(origin or "").netloc == host
    if "x-thoughtstream" not in headers or not is_ours:
        raise Problem(
            problems.FOREIGN,
            "a change by cookie needs the header `X-Thoughtstream: 1` and our own origin",
        )
