"""Images, built from this machine's Debian mirror and cached by a hash of what goes into them.

No registry is needed: `debootstrap` makes the base of a suite, Dockerfiles in `recipes/` the rest.
"""

import hashlib
import inspect
import logging
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import docker
import docker.errors

from . import debian
from .engine import RUN, cache, one_at_a_time

Suite = Literal["trixie", "bookworm"]
SUITES: tuple[Suite, ...] = ("trixie", "bookworm")
ContainerImage = Literal["redis", "python"]

_RECIPES = Path(__file__).parent / "recipes"
_PREFIX = "thoughtstream-lab"
_DOWNLOADED: dict[Suite, str] = {
    "trixie": "docker.io docker-cli docker-compose redis-server redis-tools python3-venv",
    "bookworm": "redis-server redis-tools python3-venv",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Image:
    """An image to build: its name and everything that its content depends on."""

    name: str
    suite: Suite
    recipe: str | None = None
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def reference(self) -> str:
        """Repository and tag; the tag is the hash of the recipe."""
        return f"{_PREFIX}/{self.name}:{self._hash()}"

    def _hash(self) -> str:
        parts: list[object] = [self.suite, debian.sources(self.suite), debian.settings()]
        parts += [debian.certificates(), self.arguments]
        parts += [inspect.getsource(step) for step in (_debootstrap, _configure)]
        if self.recipe:
            folder = _RECIPES / self.recipe
            parts += [(path.name, path.read_bytes()) for path in sorted(folder.iterdir())]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _base(suite: Suite) -> Image:
    return Image(f"base-{suite}", suite)


def _host(suite: Suite) -> Image:
    return Image(f"host-{suite}", suite, "host", (("DOWNLOADED", _DOWNLOADED[suite]),))


def _container(name: ContainerImage) -> Image:
    return Image(name, "trixie", name)


def prepare(client: docker.DockerClient) -> None:
    """Builds every image that isn't there yet, and drops those of older recipes."""
    for suite in SUITES:
        host_image(client, suite)
    for name in ("redis", "python"):
        container_archive(client, name)
    _drop_old(client)


def host_image(client: docker.DockerClient, suite: Suite) -> str:
    """Reference of the image of a host."""
    with one_at_a_time():
        return _have(client, _host(suite))


def container_archive(client: docker.DockerClient, name: ContainerImage) -> Path:
    """A file for `docker load`: Redis 8.0, or Python 3.13, on Debian 13."""
    image = _container(name)
    folder = cache() / "images"
    path = folder / f"{image.reference.rpartition('/')[2].replace(':', '-')}.tar"
    with one_at_a_time():
        reference = _have(client, image)
        if not path.exists():
            folder.mkdir(exist_ok=True)
            for old in folder.glob(f"{name}-*"):
                old.unlink()
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                file.writelines(client.images.get(reference).save(named=True))
            part.rename(path)
    return path


def container_reference(name: ContainerImage) -> str:
    """The name under which `container_archive` loads."""
    return _container(name).reference


def _have(client: docker.DockerClient, image: Image) -> str:
    reference = image.reference
    try:
        client.images.get(reference)
    except docker.errors.ImageNotFound:
        _log.info("building %s", reference)
        if image.recipe:
            _build(client, image, image.recipe)
        else:
            _bootstrap(client, image)
    return reference


def _build(client: docker.DockerClient, image: Image, recipe: str) -> None:
    base = _have(client, _base(image.suite))
    try:
        client.images.build(
            path=str(_RECIPES / recipe),
            buildargs={"BASE": base, **dict(image.arguments)},
            tag=image.reference,
            labels={RUN: "image"},
            rm=True,
            forcerm=True,
        )
    except docker.errors.BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise RuntimeError(f"{image.reference}: {error}\n{log[-4000:]}") from None


def _bootstrap(client: docker.DockerClient, image: Image) -> None:
    debian.install("debootstrap")
    with tempfile.TemporaryDirectory(dir=cache(), prefix="base-") as folder:
        root = Path(folder) / "root"
        _debootstrap(image.suite, root)
        _configure(image.suite, root)
        with subprocess.Popen(
            ["tar", "--directory", str(root), "--create", "."], stdout=subprocess.PIPE
        ) as tar:
            repository, _, tag = image.reference.partition(":")
            client.api.import_image_from_stream(tar.stdout, repository=repository, tag=tag)
        if tar.returncode:
            raise RuntimeError(f"{image.reference}: tar failed ({tar.returncode})")


def _debootstrap(suite: Suite, root: Path) -> None:
    options = ["--variant=minbase", "--include=ca-certificates"]
    command = ["debootstrap", *options, suite, str(root), debian.mirror(suite)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"debootstrap {suite} failed:\n{done.stdout[-4000:]}{done.stderr}")


def _configure(suite: Suite, root: Path) -> None:
    (root / "etc/apt/sources.list").write_text(debian.sources(suite))
    (root / "etc/apt/apt.conf.d/60lab").write_text(debian.settings())
    for name, content in debian.certificates().items():
        (root / "usr/local/share/ca-certificates" / name).write_bytes(content)
    subprocess.run(["chroot", root, "update-ca-certificates"], check=True, capture_output=True)
    for leftover in ("var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(root / leftover)
        (root / leftover / "partial").mkdir(parents=True)


def _drop_old(client: docker.DockerClient) -> None:
    wanted = {_container(name).reference for name in ("redis", "python")}
    for suite in SUITES:
        wanted |= {_base(suite).reference, _host(suite).reference}
    for image in client.images.list():
        for tag in image.tags:
            if tag.startswith(f"{_PREFIX}/") and tag not in wanted:
                try:
                    client.images.remove(tag)
                except docker.errors.APIError as error:
                    _log.info("kept %s: %s", tag, error.explanation)
