"""A small certificate authority, for hosts that speak TLS."""

import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
# What Python 3.13 asks of certificates: `VERIFY_X509_STRICT`.
_CA = ("keyUsage=critical,keyCertSign,cRLSign",)
_LEAF = (
    "basicConstraints=critical,CA:FALSE",
    "authorityKeyIdentifier=keyid",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth,clientAuth",
)


class Authority:
    """Signs certificates; all files are in one folder: `ca.crt`, `<host>.crt`, `<host>.key`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.crt"
        self._key = folder / "ca.key"
        folder.mkdir(exist_ok=True)
        _request(_CA, "-keyout", self._key, "-out", self.ca, "-subj", "/CN=lab")

    def certify(self, name: str, address: str) -> None:
        """A certificate with a new key for a host, instead of the one that it may have."""
        own = ("-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.crt")
        names = f"subjectAltName=DNS:{name},IP:{address},IP:127.0.0.1"
        signed = ("-CA", self.ca, "-CAkey", self._key, "-subj", f"/CN={name}")
        _request((names, *_LEAF), *own, *signed)


def _request(extensions: tuple[str, ...], *arguments: object) -> None:
    command = ["openssl", "req", "-x509", "-days", "30", *_KEY, *map(str, arguments)]
    for extension in extensions:
        command += ["-addext", extension]
    subprocess.run(command, check=True, capture_output=True)
