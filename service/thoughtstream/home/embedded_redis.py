"""The embedded Redis: a private server for one home, on a unix socket, that outlives its starter.

Whoever needs it calls `ensure`; the first starts it, the others reuse it. It is identified by
the lock that it inherits and by its configuration file, never by a process id alone.

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

import psutil
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from thoughtstream import versions
from thoughtstream.backoff import Backoff
from thoughtstream.config import Settings
from thoughtstream.errors import ThoughtstreamError
from thoughtstream.home import conf, redis_server
from thoughtstream.home.home import Home, url_of, write_private
from thoughtstream.home.process_lock import ProcessLock

_POLL_S = 0.03
_WATCH_S, _LONGEST_PAUSE_S = 0.25, 10.0
_SILENCE_S = 30.0
_LOST_SOCKET_S = 3.0

log = structlog.get_logger()


class EmbeddedError(ThoughtstreamError):
    """The embedded Redis cannot be started or stopped; the message says why and what to do."""


class EmbeddedRedis:
    """The server of one home. Safe to use from several processes at once."""

    def __init__(self, settings: Settings) -> None:
        self.home = Home.at(settings.home)
        self.url = url_of(settings.home)
        self._config = settings.embedded
        self._lock = ProcessLock(self.home.path, "redis")

    async def ensure(self) -> str:
        """Start it unless it is running, wait until it has loaded its data, and return its URL.

        Raises:
            HomeError: the home cannot be used.
            ServerError: there is no server to run, or it is too old.
            EmbeddedError: it does not start, or does not answer.
        """
        self.home.prepare()
        await self._start()
        return self.url

    async def watch(self) -> None:
        """Restart it whenever it dies; runs until cancelled.

        Raises:
            EmbeddedError: its home was removed. What was in it is gone, so the server is ended.
        """
        backoff, process = Backoff(_WATCH_S, _LONGEST_PAUSE_S), self.process()
        while True:
            await backoff.pause()
            if not self.home.data.exists():
                _end(process)
                raise EmbeddedError(
                    f"home: {self.home.path} was removed while in use; start again with "
                    "`thoughtstream up`"
                )
            if (alive := self.process()) is not None:
                process = alive
                backoff.reset()
                continue
            log.warning("redis.died", home=str(self.home.path))
            try:
                await self.ensure()
            except ThoughtstreamError as error:
                log.error("redis.restart_failed", error=str(error), retry_in_s=backoff.seconds)
            else:
                log.info("redis.restarted", url=self.url)

    async def stop(self) -> bool:
        """Shut it down with all data on disk; False if it was not running.

        Raises:
            EmbeddedError: it does not stop.
        """
        if not self._lock.is_held():
            return False
        if await self._info() is not None:
            await self._shut_down()
        elif (process := self.process()) is not None:
            process.terminate()
        await self._wait_until_stopped()
        return True

    def process(self) -> psutil.Process | None:
        """Its process, if it is alive."""
        return self._lock.process()

    # --- coming up ---------------------------------------------------------------------------
    async def _start(self) -> None:
        silent = 0.0
        started_at: int | None = None
        while silent < _SILENCE_S:
            info = await self._info()
            if info is not None:
                silent = 0.0
                self._check_ours(info)
                self._note(info)
                if not info["loading"]:
                    await self._apply()
                    return
            elif (lock := self._lock.acquire()) is not None:
                if started_at is not None:
                    os.close(lock)
                    raise EmbeddedError(self._exit_message(started_at))
                started_at = self._spawn(lock)
            elif silent > _LOST_SOCKET_S and not self.home.socket.exists():
                await self._stop_unreachable()
            await asyncio.sleep(_POLL_S)
            silent += _POLL_S
        process = self.process()
        raise EmbeddedError(
            f"embedded: the Redis of {self.home.path} (process {process and process.pid}) is "
            f"running but has not answered for {_SILENCE_S:.0f} s; "
            f"see {self.home.redis_log}, or kill it"
        )

    def _spawn(self, lock: int) -> int:
        """Start the server, give it the lock, and return where its log begins."""
        version = str(self._lock.read_record().get("version", "0.0"))
        try:
            chosen = redis_server.choose(self._config.server, versions.major_minor(version))
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
            raise EmbeddedError(f"embedded: could not start: {error}") from None
        finally:
            os.close(lock)
        return begin

    def _note(self, info: dict[str, Any]) -> None:
        process = self.process()
        if process is None or process.pid != info["process_id"]:
            with suppress(psutil.NoSuchProcess):
                self._lock.write_record(info["process_id"], version=info["redis_version"])

    async def _apply(self) -> None:
        """Apply settings that have changed since the server started."""
        async with self._client() as redis:
            for directive in self._write_conf():
                name, value = directive.split(" ", 1)
                try:
                    await redis.config_set(name, value)
                except ResponseError:
                    log.warning("redis.restart_needed", directive=directive)

    def _check_ours(self, info: dict[str, Any]) -> None:
        if Path(info["config_file"]).resolve() != self.home.conf.resolve():
            raise EmbeddedError(
                f"embedded: another server ({info['config_file'] or 'without configuration'}, "
                f"process {info['process_id']}) answers at {self.home.socket}; "
                "stop it, or set THOUGHTSTREAM_HOME to another directory"
            )

    async def _stop_unreachable(self) -> None:
        """Stop a server whose socket was removed: nothing can reach it any more."""
        if (process := self.process()) is not None:
            log.warning("redis.socket_lost", socket=str(self.home.socket))
            process.terminate()
            await self._wait_until_stopped()

    def _exit_message(self, begin: int) -> str:
        with self.home.redis_log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").strip().splitlines()
        said = " | ".join(line.partition(" # ")[2] or line for line in lines[-3:])
        return f"embedded: redis-server exited at once: {said}; see {self.home.redis_log}"

    def _write_conf(self) -> list[str]:
        """Write the configuration; return the directives that differ from the old one."""
        path, text = self.home.conf, conf.render(self.home, self._config.maxmemory)
        old = path.read_text() if path.exists() else ""
        if old != text:
            write_private(path, text)
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
                f"embedded: Redis refused to shut down: {error}; see {self.home.redis_log}"
            ) from None

    async def _wait_until_stopped(self) -> None:
        waited = 0.0
        while self._lock.is_held():
            if waited > _SILENCE_S:
                raise EmbeddedError(
                    f"embedded: the Redis of {self.home.path} did not stop within "
                    f"{_SILENCE_S:.0f} s; see {self.home.redis_log}"
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

    async def _info(self) -> dict[str, Any] | None:
        """INFO of the server; None if nothing answers."""
        try:
            async with self._client() as redis:
                info: dict[str, Any] = await redis.info("server", "persistence")
                return info
        except (RedisError, OSError):
            return None


def _end(process: psutil.Process | None) -> None:
    """Kill a server whose files are gone: it would refuse to shut down without saving."""
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            process.kill()
