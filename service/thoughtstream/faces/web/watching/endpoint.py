"""`GET /v1/events`: the event stream, as raw ASGI. What a framework adds to each event, a thousand
readers would pay for.
"""

import asyncio
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from thoughtstream import keys
from thoughtstream.faces.web import problems
from thoughtstream.faces.web.order import SORTS, Place
from thoughtstream.faces.web.problems import Kind, Problem
from thoughtstream.faces.web.watching.channel import Channel
from thoughtstream.faces.web.watching.events import RETRY, event
from thoughtstream.faces.web.watching.mind_channel import MindChannel
from thoughtstream.faces.web.watching.minds_channel import MindsChannel, Page
from thoughtstream.faces.web.watching.permit import Permit
from thoughtstream.faces.web.watching.reader import Reader, Slow
from thoughtstream.faces.web.watching.redis_channel import RedisChannel
from thoughtstream.faces.web.watching.watching import TooManyWatchers, Watching
from thoughtstream.measuring.web import WATCHER_CLOSED

CONNECTION = "thoughtstream.connection"
"""In `scope["extensions"]` (see `connections.Connection`): `abort()` closes the connection, though
its other end takes nothing; `when_closing(f)` has f called when the server closes.
"""

CROWDED = Kind(
    "too-many-watchers", 503, "Too many watch", "There are `web.max_watchers` readers already."
)
NOT_GET = Kind("method-not-allowed", 405, "Not this method", "An event stream is read with GET.")
_NUMBER = re.compile(r"[0-9]{1,3}")
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True)
class Asked:
    """The query of a request."""

    view: str
    mind: str
    page: Page
    last_event_id: str | None

    @property
    def what(self) -> Hashable:
        """Readers who ask for the same share it."""
        return self.view, {"mind": self.mind, "minds": self.page}.get(self.view)

    @classmethod
    def of(cls, scope: Scope, permit: Permit) -> "Asked":
        """From a request.

        Raises:
            Problem: something in it is wrong.
        """
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        limit = query.get("limit") or str(Page.limit)
        if not (_NUMBER.fullmatch(limit) and 1 <= int(limit) <= Page.MOST):
            raise Problem(problems.INVALID, f"limit: is {limit!r}; give 1 to {Page.MOST}")
        return cls(
            view=query.get("view") or "mind",
            mind=query.get("mind", ""),
            page=_page(query, int(limit), permit),
            last_event_id=Headers(scope=scope).get("last-event-id") or query.get("last_event_id"),
        )


def _page(query: dict[str, str], limit: int, permit: Permit) -> Page:
    sort = next((one for one in SORTS if one == query.get("sort", "name")), None)
    if sort is None:
        raise Problem(problems.INVALID, f"sort: is {query['sort']!r}; give {', '.join(SORTS)}")
    after = query.get("after")
    try:
        place = Place.of(after, sort) if after else None
    except ValueError as error:
        raise Problem(problems.INVALID, str(error)) from None
    return Page(query.get("q", ""), place, limit, permit.minds, sort)


class Events:
    """The ASGI application to mount at `/v1/events`. It needs `scope["state"]["token"]`, a `Permit`
    with the scope `read`.

    Query: `view` (mind, minds or redis), `mind` (for the first), `q`, `sort`, `after` and `limit`
    (a page of minds, as `GET /v1/minds` takes them). The header Last-Event-ID, or `last_event_id`,
    resumes after an event `attended`. A stream ends when its permit does.
    """

    def __init__(self, watching: Callable[[], Watching]) -> None:
        self._watching = watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: with events until one end has enough, or with a problem."""
        try:
            permit, asked = _checked(scope)
            reader = self._enter(permit)
        except Problem as problem:
            return await problems.answer_to(problem)(scope, receive, send)
        try:
            reader.begin([RETRY, self._hello(permit)])
            make = partial(self._channel, asked)
            self._watching().join(reader, asked.what, make, asked.last_event_id)
            await self._serve(reader, scope, receive, send)
        finally:
            self._watching().leave(reader)

    def _enter(self, permit: Permit) -> Reader:
        try:
            return self._watching().enter(permit)
        except TooManyWatchers:
            raise Problem(
                CROWDED, "there are web.max_watchers readers already; try again later, or raise it"
            ) from None

    async def _serve(self, reader: Reader, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        connection = scope.get("extensions", {}).get(CONNECTION, {})
        if connection:
            connection["when_closing"](reader.end)
        gone, reason = asyncio.ensure_future(_until_gone(receive, reader)), "left"
        try:
            await reader.run(send)
            reason = "left" if gone.done() else "stopped"
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except Slow:
            reason = "slow"
            if connection:
                connection["abort"]()
        finally:
            gone.cancel()
            self._watching().measures.count(WATCHER_CLOSED, reason)

    def _channel(self, asked: Asked) -> Channel:
        source = self._watching().source
        if asked.view == "mind":
            return MindChannel(source, asked.mind)
        return MindsChannel(source, asked.page) if asked.view == "minds" else RedisChannel(source)

    def _hello(self, permit: Permit) -> bytes:
        source = self._watching().source
        streams = source.settings.streams
        return event(
            "hello",
            {
                "version": version("thoughtstream"),
                "now_ms": source.clock.now_ms(),
                "settings": {
                    "ttl_ms": streams.working_memory_ttl_ms,
                    "threshold": streams.forget_threshold,
                    "cycle_target_ms": streams.cycle_target_ms,
                },
                "scopes": permit.scopes,
            },
        )


def _checked(scope: Scope) -> tuple[Permit, Asked]:
    if scope["method"] != "GET":
        detail = f"{scope['method']}: an event stream is read with GET"
        raise Problem(NOT_GET, detail, headers={"Allow": "GET"})
    permit: Permit = scope["state"]["token"]
    if "read" not in permit.scopes:
        raise Problem(
            problems.FORBIDDEN, f"the token {permit.name} lacks the scope read", scope="read"
        )
    asked = Asked.of(scope, permit)
    if asked.view == "mind":
        _check_mind(asked.mind, permit)
    elif asked.view not in ("minds", "redis"):
        raise Problem(problems.INVALID, f"view: is {asked.view!r}; give mind, minds or redis")
    return permit, asked


def _check_mind(mind: str, permit: Permit) -> None:
    try:
        keys.LEDGER.key(mind=mind)
    except ValueError as error:
        raise Problem(problems.INVALID, str(error)) from None
    if not permit.may_see(mind):
        raise Problem(problems.UNKNOWN, f"{mind}: is no mind that this token may see")


async def _until_gone(receive: Receive, reader: Reader) -> None:
    """Also where the guard has enough of the body that somebody sends with a GET."""
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except Problem:
        pass
    finally:
        reader.end()
