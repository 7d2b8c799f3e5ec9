"""Who may come in: our own names only, with a token, no other site's page in its owner's name, and
nobody more often than others can bear.

All of it is known before a body is read.
"""

import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from thoughtstream.faces.web import problems
from thoughtstream.faces.web.limits.allowances import Allowances
from thoughtstream.faces.web.problems import Problem
from thoughtstream.faces.web.tokens import Token, Tokens, TokensError
from thoughtstream.web_config import LOOPBACK, WebConfig

COOKIE = "thoughtstream"
_LOOKS = ("GET", "HEAD", "OPTIONS")
_UNLIMITED = re.compile(r"/v1/minds/[^/]+/import")
"""An import is read to a file, and only by who may operate."""


class Guard:
    """In front of an app. Puts the token into `scope["state"]["token"]`; None where none is needed:
    for the page's files, for probes, and to log in. Its `allowance` is beside it.
    """

    def __init__(self, app: ASGIApp, *, tokens: Tokens, web: WebConfig) -> None:
        self._app = app
        self._tokens = tokens
        self._hosts = {*LOOPBACK, *(host.lower() for host in web.hosts)}
        self._max_body_bytes = web.max_body_bytes
        self._allowances = Allowances(web)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            token = self._checked(scope)
            state = scope.setdefault("state", {})
            state["token"] = token
            if token:
                state["allowance"] = allowance = self._allowances.of(token.id)
                send = allowance.telling(send)
                allowance.requests.take()
            await self._app(scope, self._bounded(scope, receive), send)
        except Problem as problem:
            await problems.answer_to(problem)(scope, receive, send)
        except TokensError as error:
            await problems.of_the_engine(error)(scope, receive, send)

    def _checked(self, scope: Scope) -> Token | None:
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        if not needs_a_token(scope["path"], scope["method"]):
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
        if _UNLIMITED.fullmatch(scope["path"]):
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


def needs_a_token(path: str, method: str) -> bool:
    """Whether a request to a path is for those only who have a token."""
    is_login = path == "/v1/session" and method == "POST"
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
    is_ours = site == "same-origin" if site else (origin or "").partition("://")[2] == host
    if "x-thoughtstream" not in headers or not is_ours:
        raise Problem(
            problems.FOREIGN,
            "a change by cookie needs the header `X-Thoughtstream: 1` and our own origin",
        )
