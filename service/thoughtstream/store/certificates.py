"""How long certificates hold."""

import ssl
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

_EVEN_IF_ENDED = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which `ssl` has no name for


async def certificate_end(redis: Redis) -> float | None:
    """When the certificate ends that the server shows, s since the epoch; None without TLS, or
    where nobody verifies it. Opens a connection of its own: one that is kept knows what the server
    had when it was opened.
    """
    pool: Any = redis.connection_pool
    connection = pool.make_connection()
    try:
        await connection.connect()
        secured = connection._writer.get_extra_info("ssl_object")
        return _end(secured) if secured else None
    finally:
        await connection.disconnect()


def end_of(certificate: Path, key: Path) -> float | None:
    """When a certificate (PEM) ends, s since the epoch; whoever has it signed.

    Raises:
        OSError: the files can't be read, or don't belong together.
    """
    shows = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shows.load_cert_chain(certificate, key)
    trusts = ssl.create_default_context(cafile=certificate)
    trusts.check_hostname = False
    trusts.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_EVEN_IF_ENDED)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = shows.wrap_bio(there, back, server_side=True)
    client = trusts.wrap_bio(back, there)
    for side in (client, server, client):  # `ssl` reads a certificate only when somebody shows it
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return _end(client)


def _end(secured: ssl.SSLObject) -> float | None:
    shown = secured.getpeercert()  # nothing where it was not verified
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"]))) if shown else None
