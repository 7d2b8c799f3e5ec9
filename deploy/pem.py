"""Certificates and keys (PEM), as files on the machine that deploys."""

import ssl
from datetime import datetime
from pathlib import Path

from cryptography import x509

_WILD = "redis"
"""In place of the `*` of a certificate for many names: any name will do."""


def text_in(file: Path) -> str:
    """What stands there; of a file that can't be read, nothing: `unusable` says why."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def no_authority(certificate: Path) -> str:
    """Why nobody can trust whom this vouches for; empty: one can."""
    try:
        ssl.create_default_context(cafile=certificate)
    except OSError as error:
        return f"is no certificate in PEM ({error}); give that of the authority"
    return ""


def unusable(certificate: Path, key: Path) -> str:
    """Why a server can't show a certificate with this key; empty: it can."""
    try:
        _server(certificate, key)
    except OSError as error:
        return (
            f"a server can't use them: {error}; give a certificate with its chain and the key of "
            "that, without a password, in PEM"
        )
    return ""


def untrusted(certificate: Path, key: Path, authority: Path, name: str) -> str:
    """Why a client that trusts the authority won't talk to a server that shows a certificate, which
    is to name it; empty: it will. The two shake hands here, as they would on a host.
    """
    try:
        client = ssl.create_default_context(cafile=authority)
        client.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python does from 3.13 on
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        shows = _server(certificate, key).wrap_bio(there, back, server_side=True)
        asks = client.wrap_bio(back, there, server_hostname=name)
        for side in (asks, shows, asks):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except (OSError, ValueError) as error:
        return str(error)
    return ""


def name_in(certificate: Path) -> str | None:
    """A name that a certificate is issued for; None: it can't be read, or has none."""
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None
    addresses = map(str, names.get_values_for_type(x509.IPAddress))
    found = (*names.get_values_for_type(x509.DNSName), *addresses)
    return next((name.replace("*", _WILD) for name in found), None)


def ends(certificate: Path) -> datetime | None:
    """When it does; None: it can't be read."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


def _server(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key, lambda: "")
    return context
