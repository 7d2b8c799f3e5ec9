"""The web process: listens, says where, and ends in good order."""

import os
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EADDRINUSE

import structlog
import uvicorn

from thoughtstream.config import Settings, WebConfig
from thoughtstream.faces.supervisor import notify
from thoughtstream.faces.web.app import build
from thoughtstream.faces.web.place import tokens_of, web_lock
from thoughtstream.faces.web.watching.connections import Connection
from thoughtstream.web_config import LOOPBACK

_CLOSE_S = 5
_MOST_FILES = 65_535
_EVERYWHERE = ("0.0.0.0", "::")

log = structlog.get_logger()


class Server(uvicorn.Server):
    """A server that says when it listens, and for which a signal is an end in good order."""

    def __init__(self, config: uvicorn.Config, settings: Settings, url: str) -> None:
        super().__init__(config)
        self._settings = settings
        self._url = url

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and record where."""
        await super().startup(sockets)
        if self.started:
            web_lock(self._settings).write_record(os.getpid(), url=self._url)
            notify("READY=1")
            log.info("web.ready", url=self._url, pid=os.getpid())

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Uvicorn's own raises the signal again when all is done, which looks like a crash."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. The caller holds the lock.

    Raises:
        OSError: the address can't be had.
    """
    web = settings.web
    _allow_many_connections()
    listening = listen(web)
    port = listening.getsockname()[1]
    url = f"{'https' if web.tls_cert else 'http'}://{name_of(web)}:{port}"
    config = uvicorn.Config(
        build(settings, tokens_of(settings)),
        http=Connection,
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=web.behind_proxy,
        ssl_certfile=web.tls_cert,
        ssl_keyfile=web.tls_key,
        timeout_graceful_shutdown=_CLOSE_S,
    )
    Server(config, settings, url).run(sockets=[listening])
    notify("STOPPING=1")
    log.info("web.stopped")


def _allow_many_connections() -> None:
    """As many as the system lets us have: each reader is one, and shells allow few (macOS: 256)."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if most == resource.RLIM_INFINITY else min(most, _MOST_FILES)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def name_of(web: WebConfig) -> str:
    """How its address is called: by its first name if it has one, else as it listens."""
    if web.hosts and web.host not in LOOPBACK:
        return web.hosts[0]
    if web.host in ("127.0.0.1", *_EVERYWHERE):
        return "localhost"
    return f"[{web.host}]" if ":" in web.host else web.host


def listen(web: WebConfig) -> socket.socket:
    """A socket at the address of the settings; where the default port is taken, at any other.

    Raises:
        OSError: it can't be had.
    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        return socket.create_server((web.host, web.port), family=family, backlog=1024)
    except OSError as error:
        is_default = web.port == WebConfig.model_fields["port"].default
        if error.errno != EADDRINUSE or not is_default or "port" in web.model_fields_set:
            raise
        return socket.create_server((web.host, 0), family=family, backlog=1024)
