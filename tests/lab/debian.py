"""This machine's Debian: its packages, and how its apt reaches the mirror."""

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

_LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_KEPT_SETTINGS = (
    "Acquire::http::Proxy",
    "Acquire::https::Proxy",
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
)


def install(*packages: str) -> list[str]:
    """Installs the packages that are missing, and says which. Root only."""
    missing = [package for package in packages if not _installed(package)]
    if missing:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
            command = ["apt-get", "--quiet=2", "--option=Acquire::Retries=3", *arguments]
            subprocess.run(command, check=True, env=environment, stdin=subprocess.DEVNULL)
    return missing


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    status = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return status == "installed"


def sources(suite: str) -> str:
    """apt sources of another suite, from the mirrors that this machine's apt is set up with.

    Raises:
        RuntimeError: this machine's apt has no source for its own suite.
    """
    here = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    sites = _sites()
    if here not in sites:
        raise RuntimeError(f"apt has no source for {here or 'this system'}; set up its mirror")
    wanted = {here: suite, f"{here}-updates": f"{suite}-updates"}
    wanted[f"{here}-security"] = f"{suite}-security"
    lines = [f"deb {sites[own]} {other} main" for own, other in wanted.items() if own in sites]
    return "\n".join(lines) + "\n"


def mirror(suite: str) -> str:
    """Address of the mirror that has the suite."""
    return sources(suite).split()[1]


@cache
def _sites() -> dict[str, str]:
    query = ["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE)", "Created-By: Packages"]
    lines = subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()
    pairs = (line.split(maxsplit=1) for line in reversed(lines))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@cache
def settings() -> str:
    """What of this machine's apt configuration a host needs, to reach the mirror as it does."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    kept = [line for line in dump.stdout.splitlines() if line.startswith(_KEPT_SETTINGS)]
    return "\n".join([*kept, 'Acquire::Retries "3";']) + "\n"


def certificates() -> dict[str, bytes]:
    """The authorities that this machine trusts beside Debian's own, by file name."""
    return {path.name: path.read_bytes() for path in sorted(_LOCAL_CERTIFICATES.glob("*.crt"))}
