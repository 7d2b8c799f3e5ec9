"""A small certificate authority, for hosts that speak TLS."""

import subprocess
from pathlib import Path

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
_LEAF = ("-addext", "basicConstraints=critical,CA:FALSE")


class Authority:
    """Signs certificates; all files are in one folder: `ca.crt`, `<host>.crt`, `<host>.key`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = folder / "ca.crt"
        self._key = folder / "ca.key"
        folder.mkdir(exist_ok=True)
        _request("-keyout", self._key, "-out", self.ca, "-subj", "/CN=lab")

    def certify(self, name: str, address: str) -> None:
        """A certificate with a new key for a host, instead of the one that it may have."""
        own = ("-keyout", self.folder / f"{name}.key", "-out", self.folder / f"{name}.crt")
        names = f"subjectAltName=DNS:{name},IP:{address},IP:127.0.0.1"
        signed = ("-CA", self.ca, "-CAkey", self._key, "-subj", f"/CN={name}")
        _request(*own, *signed, "-addext", names, *_LEAF)


def _request(*arguments: object) -> None:
    command = ["openssl", "req", "-x509", "-days", "30", *_KEY, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
