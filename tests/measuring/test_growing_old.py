"""What grows old: certificates that nodes of Redis and the web process show, and backups."""

import asyncio
import ssl
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.lab.authority import Authority
from tests.measuring.test_reading import read
from tests.web.served import serving
from thoughtstream import keys
from thoughtstream.config import Settings
from thoughtstream.measuring import redis as metrics
from thoughtstream.store.certificates import end_of
from thoughtstream.store.client import Client


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path / "tls")
    made.certify("host", "127.0.0.1")
    return made


def said_end(certificate: Path) -> float:
    """When it ends, as OpenSSL says."""
    asked = ["openssl", "x509", "-noout", "-enddate", "-in", str(certificate)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return ssl.cert_time_to_seconds(said.strip().partition("=")[2])


def test_a_certificate_in_a_file(authority: Authority) -> None:
    certificate = authority.folder / "host.crt"
    key = certificate.with_suffix(".key")
    assert end_of(certificate, key) == said_end(certificate)

    ended = certificate.with_name("ended.crt")
    signed: list[str | Path] = ["-in", certificate, "-signkey", key, "-days", "-1", "-out", ended]
    subprocess.run(["openssl", "x509", *signed], check=True, capture_output=True)
    assert end_of(ended, key) == said_end(ended) < time.time()


@asynccontextmanager
async def behind_tls(authority: Authority, path: str) -> AsyncIterator[int]:
    """A port that speaks TLS, and passes what it is told to a socket."""
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(authority.folder / "host.crt", authority.folder / "host.key")

    async def passes(own: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there, answers = await asyncio.open_unix_connection(path)
        await asyncio.gather(flow(own, answers), flow(there, back))

    async def flow(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await source.read(65_536):
                sink.write(block)
        sink.close()

    server = await asyncio.start_server(passes, "127.0.0.1", 0, ssl=shows)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_what_a_node_shows(redis: Client, settings: Settings, authority: Authority) -> None:
    assert not (await read(settings))[metrics.CERTIFICATE]
    path = urlsplit(str(settings.redis.url)).path
    async with behind_tls(authority, path) as secured:
        url = f"rediss://127.0.0.1:{secured}"
        given = settings.redis.model_copy(update={"url": url, "ca_file": authority.ca})
        found = await read(settings.model_copy(update={"redis": given}))
    ends = said_end(authority.folder / "host.crt")
    assert found[metrics.CERTIFICATE] == {("redis",): ends}


async def test_what_the_web_process_shows(
    redis: Client, settings: Settings, authority: Authority
) -> None:
    certificate = authority.folder / "host.crt"
    own = {"tls_cert": certificate, "tls_key": certificate.with_suffix(".key")}
    with serving(settings.model_copy(update={"web": settings.web.model_copy(update=own)})) as web:
        told = (await web.get("/metrics")).raw.decode()
    [line] = [one for one in told.splitlines() if 'server="web"' in one]
    assert float(line.split()[-1]) == said_end(certificate)


async def test_the_last_backup(redis: Client, settings: Settings) -> None:
    assert not (await read(settings))[metrics.BACKUP]
    await redis.hset(keys.BACKUP.key(), "at", "1764400000")
    assert (await read(settings))[metrics.BACKUP] == {(): 1764400000}
