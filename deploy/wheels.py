"""The service as an archive of wheels for one kind of host, made on the control machine.

A host needs no package index: uv chooses the versions for the host's own Python (its patch
version too: a dependency may be needed by 3.11.2 and not by 3.11.3), pip downloads their wheels.
Each must have the hash that we know of it, here and when it is installed. An archive is made once
for the same sources and the same kind of host.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock

from platformdirs import user_cache_path
from pyinfra.api.exceptions import DeployError

from deploy.hashes import HASHES, ROOT, hashed, pinned, uv
from deploy.layout import EXTRAS, REQUIREMENT, REQUIREMENTS
from deploy.render import digest

KEPT = 8
"""Archives in the cache: a few kinds of hosts, and the release before."""
_building = Lock()


@dataclass(frozen=True)
class Target:
    """What wheels must fit: `python` as `3.13.5` or `3.13`; `glibc` as `2.36`, None on a Mac."""

    python: str
    architecture: str
    glibc: str | None
    macos: str | None = None

    @property
    def _machine(self) -> str:
        return {"arm64": "aarch64", "amd64": "x86_64"}.get(self.architecture, self.architecture)

    @property
    def uv_platform(self) -> str:
        """The platform as uv names it."""
        if self.glibc is None:
            return f"{self._machine}-apple-darwin"
        return f"{self._machine}-manylinux_2_28"

    @property
    def pip_platforms(self) -> list[str]:
        """The platforms whose wheels run there, as pip names them."""
        if self.glibc is None:
            machine = "arm64" if self._machine == "aarch64" else self._machine
            return [f"macosx_{(self.macos or '13').split('.')[0]}_0_{machine}"]
        minor = int(self.glibc.split(".")[1])
        return [f"manylinux_2_{n}_{self._machine}" for n in range(minor, 4, -1)] + [
            f"manylinux2014_{self._machine}"
        ]


@dataclass(frozen=True)
class Release:
    """The service's code and what it needs, for one kind of host. Same name, same content."""

    target: Target
    source: str

    @property
    def name(self) -> str:
        return digest(self.source, repr(self.target), *EXTRAS)

    @property
    def archive(self) -> Path:
        """Where the archive is on this machine once `build` has made it."""
        return _cache() / f"{self.name}.tar"


@cache
def source_digest() -> str:
    """A name for the service's sources and the versions it is pinned to."""
    found = hashlib.sha256((ROOT / "pyproject.toml").read_bytes() + HASHES.read_bytes())
    for path in sorted((ROOT / "service").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found.update(f"\0{path.relative_to(ROOT)}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def release_for(target: Target) -> Release:
    """The release that this checkout makes for a kind of host; nothing is built."""
    return Release(target, source_digest())


def build(release: Release) -> Path:
    """The release's archive, made if it isn't there yet: a tar with one folder, `wheels`.

    Raises:
        DeployError: uv is missing, or a wheel for the host's Python and platform.
    """
    with _building:
        if not release.archive.exists():
            release.archive.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=release.archive.parent) as folder:
                wheels = Path(folder) / "wheels"
                _collect(release.target, wheels)
                _pack(wheels, release.archive)
            _forget_old(release.archive.parent)
    return release.archive


def _collect(target: Target, wheels: Path) -> None:
    _run([
        uv(), "build", "--quiet", "--wheel", "--out-dir", str(wheels),
        "--build-constraints", str(HASHES), "--require-hashes", str(ROOT),
    ])  # fmt: skip
    (own,) = wheels.glob("*.whl")
    chosen = wheels / REQUIREMENTS
    _choose(target, chosen)
    needed = hashed(chosen.read_text())
    chosen.write_text(needed)
    _download(wheels, chosen, "--implementation", "cp", "--python-version", target.python,
              *(f"--platform={platform}" for platform in target.pip_platforms))  # fmt: skip
    chosen.write_text(hashed(pinned("pip")))
    _download(wheels, chosen)
    chosen.write_text(needed + _own(own))
    (wheels / ".gitignore").unlink(missing_ok=True)


def _choose(target: Target, requirements: Path) -> None:
    """Writes the versions that the host gets, each with a wheel for it."""
    _run([
        uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:",
        "--python-version", target.python, "--python-platform", target.uv_platform,
        *(f"--extra={extra}" for extra in EXTRAS),
        "--output-file", str(requirements), str(ROOT / "pyproject.toml"),
    ])  # fmt: skip


def _download(wheels: Path, requirements: Path, *where: str) -> None:
    """Puts the wheels of these requirements there; none that has another hash."""
    _run([
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
        "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), *where,
        "--require-hashes", "--requirement", str(requirements),
    ])  # fmt: skip


def _own(wheel: Path) -> str:
    """The service itself, as a requirement with the hash of the wheel that was made of it."""
    number = wheel.name.split("-")[1]
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{REQUIREMENT}=={number} --hash=sha256:{digest}\n"


def _forget_old(folder: Path) -> None:
    """The archives that were made last stay."""
    archives = sorted(folder.glob("*.tar"), key=lambda path: path.stat().st_mtime_ns)
    for archive in archives[:-KEPT]:
        archive.unlink()


def _run(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeployError(
            f"building the service's wheels failed: {' '.join(command[:4])} …\n"
            f"{done.stderr.strip()}"
        )


def _pack(wheels: Path, archive: Path) -> None:
    part = archive.with_suffix(".part")
    with tarfile.open(part, "w") as tar:
        for path in sorted(wheels.iterdir()):
            tar.add(path, arcname=f"wheels/{path.name}", filter=_plain)
    part.replace(archive)


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "root", "root"
    entry.mode = 0o644
    return entry


def _cache() -> Path:
    return user_cache_path("thoughtstream") / "releases"
