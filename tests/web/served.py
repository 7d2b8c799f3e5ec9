"""A real web process for tests, on a loopback port of its own, and a client that asks it. In Redis
it has the rights of the user `web`, as on a host.
"""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import uvicorn
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import ConnectionError

from thoughtstream.acl import acl_rules
from thoughtstream.config import Settings
from thoughtstream.faces.web.app import build
from thoughtstream.faces.web.place import owners_secret, tokens_of
from thoughtstream.faces.web.process import listen
from thoughtstream.faces.web.watching.connections import Connection
from thoughtstream.home.home import Home
from thoughtstream.libraries import LIBRARIES

PASSWORD = "a password of web"


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.raw)


@dataclass(frozen=True)
class Web:
    """A web process, asked with a token unless it is to be another, or none (``)."""

    settings: Settings
    port: int
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | Iterable[bytes] | None = None,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """One request on a connection of its own. `body`: as JSON."""
        bearer = self.token if token is None else token
        sent = self.headers | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        if body is not None:
            raw, sent = json.dumps(body).encode(), sent | {"Content-Type": "application/json"}
        connection = http.client.HTTPConnection("localhost", self.port, timeout=30)
        try:
            connection.request(
                method,
                path,
                raw,
                sent | dict(headers or {}),
                encode_chunked="Transfer-Encoding" in (headers or {}),
            )
            answer = connection.getresponse()
            return Answered(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    async def get(self, path: str, **more: Any) -> Answered:
        return await asyncio.to_thread(self.ask, "GET", path, **more)

    async def post(self, path: str, body: Any = None, **more: Any) -> Answered:
        return await asyncio.to_thread(self.ask, "POST", path, body, **more)

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answered:
        return await asyncio.to_thread(self.ask, method, path, body, **more)


def with_its_rights(settings: Settings) -> Settings:
    """The settings of the user `web`, on all servers; their Functions are there, as services load
    them. Where nothing answers yet: the settings as they are.
    """
    try:
        with Redis.from_url(str(settings.redis.url), protocol=2) as redis:
            in_cluster = redis.info("cluster")["cluster_enabled"]
            masters = _masters(redis) if in_cluster else [str(settings.redis.url)]
    except ConnectionError:
        return settings
    for url in masters:
        with Redis.from_url(url, protocol=2, decode_responses=True) as redis:
            _admit(redis)
    access = {"username": "web", "password": SecretStr(PASSWORD)}
    return settings.model_copy(update={"redis": settings.redis.model_copy(update=access)})


def _masters(redis: Redis) -> list[str]:
    nodes: Any = redis.cluster("nodes")
    return [f"redis://{name}" for name, node in nodes.items() if "master" in node["flags"]]


def _admit(redis: Redis) -> None:
    run: Any = redis.execute_command
    run("ACL", "SETUSER", "web", "reset", "on", f">{PASSWORD}", *acl_rules("web").split())
    there = {library[1] for library in run("FUNCTION", "LIST")}
    for library in LIBRARIES:
        if library.name not in there:
            run("FUNCTION", "LOAD", library.code)


@contextmanager
def serving(settings: Settings) -> Iterator[Web]:
    """A web process in a thread of its own, until the context ends."""
    Home.at(settings.home).prepare()
    anywhere = settings.web.model_copy(update={"port": 0})
    settings = settings.model_copy(update={"web": anywhere})
    secret = owners_secret(settings)
    listening = listen(settings.web)
    config = uvicorn.Config(
        build(with_its_rights(settings), tokens_of(settings)), http=Connection, log_config=None,
        access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield Web(settings, listening.getsockname()[1], secret)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Web]:
    """The same where an event loop goes on: it ends without blocking it."""
    context = serving(settings)
    web = await asyncio.to_thread(context.__enter__)
    try:
        yield web
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)
