"""The embedded Redis: a private server for one home, on a unix socket, that outlives its starter.

Whoever needs it calls `ensure`; the first starts it, the others reuse it. It is told apart from
every other server by the lock that it inherits and by its configuration file, never by a process
id alone.

Its append-only file is written before a client hears OK, so a kill -9 of the server loses nothing
that was acknowledged; `fsync` runs every second, which bounds what a power cut takes. The one
exception is Redis's own: while an `fsync` is under way, writes wait for it (at most 2 s) but are
acknowledged; on a slow disk a kill -9 in that moment loses these. An anchor that must not be lost
even then asks for `durability="disk"`.
"""

import asyncio
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.keys import NOTIFY_EVENTS
from thoughtstream.store import server
from thoughtstream.store.home import Home
from thoughtstream.store.process import Seat

_POLL_S = 0.03
_WATCH_S = 0.25
_SILENCE_S = 30.0
_LOST_SOCKET_S = 3.0

log = structlog.get_logger()


class EmbeddedError(ThoughtstreamError):
    """The embedded Redis can't run or can't be stopped; the message says why and what to do."""


def url_of(home: Path) -> str:
    """The address of a home's embedded Redis, running or not."""
    return f"unix://{quote(str(Home.at(home).socket))}"


class EmbeddedRedis:
    """The server of one home. Safe to use from several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self.home = Home.at(settings.home)
        self.url = url_of(settings.home)
        self._config = settings.embedded
        self._seat = Seat(self.home.path, "redis")

    async def ensure(self) -> str:
        """Have it running and loaded; return its URL.

        Raises:
            HomeError: the home can't be used.
            ServerError: there is no server to run, or it is too old.
            EmbeddedError: it doesn't start, or doesn't answer.
        """
        self.home.prepare()
        await self._come_up()
        return self.url

    async def watch(self) -> None:
        """Start it again whenever it dies; runs until cancelled."""
        pause = _WATCH_S
        while True:
            await asyncio.sleep(pause)
            if self.process() is not None:
                pause = _WATCH_S
                continue
            log.warning("redis.died", home=str(self.home.path))
            try:
                await self.ensure()
            except ThoughtstreamError as error:
                pause = min(pause * 2, 10.0)
                log.error("redis.restart_failed", error=str(error), again_in_s=pause)
            else:
                log.info("redis.restarted", url=self.url)

    async def stop(self) -> bool:
        """Shut it down with everything on the disk; False if it wasn't running.

        Raises:
            EmbeddedError: it doesn't stop.
        """
        if not self._seat.taken():
            return False
        if await self._ask() is not None:
            await self._shut_down()
        elif (process := self.process()) is not None:
            process.terminate()
        await self._gone()
        return True

    def process(self) -> psutil.Process | None:
        """Its process, if it lives."""
        return self._seat.process()

    # --- coming up ---------------------------------------------------------------------------
    async def _come_up(self) -> None:
        silent = 0.0
        started_at: int | None = None
        while silent < _SILENCE_S:
            info = await self._ask()
            if info is not None:
                silent = 0.0
                self._check_ours(info)
                self._note(info)
                if not info["loading"]:
                    await self._apply()
                    return
            elif (lock := self._seat.take()) is not None:
                if started_at is not None:
                    os.close(lock)
                    raise EmbeddedError(self._last_words(started_at))
                started_at = self._spawn(lock)
            elif silent > _LOST_SOCKET_S and not self.home.socket.exists():
                await self._replace_deaf()
            await asyncio.sleep(_POLL_S)
            silent += _POLL_S
        process = self.process()
        raise EmbeddedError(
            f"embedded: the Redis of {self.home.path} (process {process and process.pid}) runs "
            f"but hasn't answered for {_SILENCE_S:.0f} s; see {self.home.redis_log}, or end it"
        )

    def _spawn(self, lock: int) -> int:
        """Start the server, give it the lock, and return where its log begins."""
        version = str(self._seat.read().get("version", "0.0"))
        major, minor = (int(part) for part in version.split(".")[:2])
        try:
            chosen = server.find(self._config.server, (major, minor))
            begin = self.home.rotate(self.home.redis_log)
            self._write_conf()
            with self.home.redis_log.open("ab") as out:
                subprocess.run(  # it goes into the background by itself
                    [chosen.path, str(self.home.conf)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                    pass_fds=[lock],
                    check=False,
                )
        except OSError as error:
            raise EmbeddedError(f"embedded: can't start: {error}") from None
        finally:
            os.close(lock)
        return begin

    def _note(self, info: dict[str, Any]) -> None:
        process = self.process()
        if process is None or process.pid != info["process_id"]:
            with suppress(psutil.NoSuchProcess):
                self._seat.write(info["process_id"], version=info["redis_version"])

    async def _apply(self) -> None:
        """Give a server that lives the settings that have changed since it started."""
        async with self._client() as redis:
            for directive in self._write_conf():
                name, value = directive.split(" ", 1)
                try:
                    await redis.config_set(name, value)
                except ResponseError:
                    log.warning("redis.applies_at_next_start", directive=directive)

    def _check_ours(self, info: dict[str, Any]) -> None:
        if info["config_file"] != str(self.home.conf):
            raise EmbeddedError(
                f"embedded: another server ({info['config_file'] or 'without configuration'}, "
                f"process {info['process_id']}) answers at {self.home.socket}; "
                "stop it, or set THOUGHTSTREAM_HOME to another directory"
            )

    async def _replace_deaf(self) -> None:
        """End a server whose socket somebody removed; nothing can reach it any more."""
        if (process := self.process()) is not None:
            log.warning("redis.socket_lost", socket=str(self.home.socket))
            process.terminate()
            await self._gone()

    def _last_words(self, begin: int) -> str:
        with self.home.redis_log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").strip().splitlines()
        said = " | ".join(line.partition(" # ")[2] or line for line in lines[-3:])
        return f"embedded: redis-server ended at once: {said}; its log is {self.home.redis_log}"

    def _write_conf(self) -> list[str]:
        """Write the configuration; return the directives that differ from the old one."""
        conf, text = self.home.conf, render_conf(self.home, self._config.maxmemory)
        old = conf.read_text() if conf.exists() else ""
        if old != text:
            conf.write_text(text)
            conf.chmod(0o600)
        return [line for line in text.splitlines() if line not in old.splitlines()] if old else []

    # --- going down --------------------------------------------------------------------------
    async def _shut_down(self) -> None:
        # NOSAVE leaves out the snapshot, not the append-only file: that is flushed and synced.
        # A snapshot that can't be written (disk full) would refuse the shutdown.
        try:
            async with self._client() as redis:
                await redis.shutdown(nosave=True)
        except ResponseError as error:
            raise EmbeddedError(
                f"embedded: Redis refuses to stop: {error}; see {self.home.redis_log}"
            ) from None

    async def _gone(self) -> None:
        waited = 0.0
        while self._seat.taken():
            if waited > _SILENCE_S:
                raise EmbeddedError(
                    f"embedded: the Redis of {self.home.path} doesn't stop; "
                    f"see {self.home.redis_log}"
                )
            await asyncio.sleep(_POLL_S)
            waited += _POLL_S

    # --- talking to it -----------------------------------------------------------------------
    def _client(self) -> Redis:
        return Redis(
            unix_socket_path=str(self.home.socket),
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    async def _ask(self) -> dict[str, Any] | None:
        """What the server says of itself; None if nobody answers."""
        try:
            async with self._client() as redis:
                info: dict[str, Any] = await redis.info("server", "persistence")
                return info
        except (RedisError, OSError):
            return None


def render_conf(home: Home, maxmemory: str) -> str:
    """The configuration of the embedded Redis; source: the project's deployment page."""
    quoted = {
        name: '"' + str(path).replace("\\", "\\\\").replace('"', '\\"') + '"'
        for name, path in (
            ("socket", home.socket),
            ("data", home.data),
            ("log", home.redis_log),
            ("pid", home.path / "redis.pid"),
        )
    }
    return f"""\
# Written by thoughtstream at each start; the settings are in thoughtstream.toml.
port 0
unixsocket {quoted["socket"]}
unixsocketperm 600
daemonize yes
pidfile {quoted["pid"]}
dir {quoted["data"]}
logfile {quoted["log"]}
databases 1
maxmemory {maxmemory}
maxmemory-policy volatile-lru
maxmemory-samples 10
maxmemory-clients 5%
appendonly yes
appendfsync everysec
no-appendfsync-on-rewrite no
aof-timestamp-enabled yes
save 3600 1
shutdown-timeout 10
lazyfree-lazy-eviction yes
lazyfree-lazy-expire yes
lazyfree-lazy-server-del yes
lazyfree-lazy-user-del yes
lazyfree-lazy-user-flush yes
notify-keyspace-events {NOTIFY_EVENTS}
enable-debug-command no
enable-module-command no
latency-monitor-threshold 100
slowlog-log-slower-than 10000
slowlog-max-len 1024
"""
