"""Docker on a host: whether it is there, its images, and the state of our containers."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote

from deploy.facts.base import ScriptFact, number, pairs, script

REVISION_LABEL = "thoughtstream.revision"
_MACS_TIMEOUT = "perl -e 'alarm shift; exec @ARGV' \"$@\""
"""What a Mac has in place of `timeout`."""


@dataclass(frozen=True)
class ContainerState:
    """`health` is None for a container without a health check; `image`: the name of its image, and
    `outdated`: this means another image by now.
    """

    status: str
    health: str | None = None
    revision: str | None = None
    outdated: bool = False
    image: str | None = None


@dataclass(frozen=True)
class DockerState:
    """`images`: those that were asked for and are there; `layers`: what each of them is made of;
    `digests`: what the tag of each means here, or else in its registry (several, where a registry
    has given the same image under each); `memory` in bytes;
    `nofile`: how many files the engine itself may open, and so the most that it can allow a
    container; `selinux`: whether it keeps containers from files that aren't labelled as theirs.
    """

    version: str | None = None
    compose: str | None = None
    memory: int | None = None
    root: str | None = None
    nofile: int | None = None
    selinux: bool = False
    images: tuple[str, ...] = ()
    layers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    digests: dict[str, tuple[str, ...]] = field(default_factory=dict)
    containers: dict[str, ContainerState] = field(default_factory=dict)

    def pinned(self, image: str) -> str:
        """The name of just this image: tag and digest, as far as the digest is known."""
        known = self.digests.get(image)
        return f"{image}@{known[0]}" if known and "@" not in image else image

    def is_made_from(self, image: str, base: str) -> bool:
        """Whether an image that is there was built on what its base means now."""
        own, below = self.layers.get(image, ()), self.layers.get(base, ())
        return own[: len(below)] == below


class DockerFact(ScriptFact[DockerState | None]):
    """None if Docker isn't installed, isn't running, or we may not use it."""

    def command(self, images: Sequence[str], containers: Sequence[str]) -> str:
        return script(
            "docker info --format 'version={{.ServerVersion}}\nmemory={{.MemTotal}}"
            "\nroot={{.DockerRootDir}}\nsecurity={{.SecurityOptions}}' || exit 0",
            'echo "nofile=$(awk \'/^Max open files/ {print $5}\' "/proc/$(pidof dockerd)/limits")"',
            'echo "compose=$(docker compose version --short)"',
            f"for i in {' '.join(quote(image) for image in images)}; do",
            '  docker image inspect --format "image $i {{.Id}} {{json .RepoDigests}} '
            '{{json .RootFS.Layers}}" "$i"',
            "done",
            f"for c in {' '.join(quote(name) for name in containers)}; do",
            "  docker container inspect --format 'container {{.Name}} {{.Image}} {{.Config.Image}} "
            '{{json .State}} {{json .Config.Labels}}\' "$c"',
            "done",
        )

    def process(self, output: list[str]) -> DockerState | None:
        images = [line.split(" ", 4)[1:] for line in output if line.startswith("image ")]
        ids = {name: id for name, id, *_ in images}
        digests = {name: _digests(name, json.loads(known) or ()) for name, _, known, _ in images}
        about = [line for line in output if line.startswith("container ")]
        values = pairs([line for line in output if line not in about])
        if not values.get("version"):
            return None
        return DockerState(
            version=values["version"],
            compose=values.get("compose"),
            memory=number(values.get("memory")),
            root=values.get("root"),
            nofile=number(values.get("nofile")),
            selinux="name=selinux" in (values.get("security") or ""),
            images=tuple(ids),
            layers={name: tuple(json.loads(layers) or ()) for name, _, _, layers in images},
            digests={name: known for name, known in digests.items() if known},
            containers=dict(_container(line, ids) for line in about),
        )

    @staticmethod
    def default() -> DockerState | None:
        return None


def _digests(image: str, known: Sequence[str]) -> tuple[str, ...]:
    """The digests among those of an image that the repository of this name gave it."""
    repository = re.sub(r":[^:/]*$", "", image.partition("@")[0])
    found = (each.partition("@") for each in known)
    return tuple(digest for name, _, digest in found if name == repository)


def _container(line: str, ids: Mapping[str, str]) -> tuple[str, ContainerState]:
    _, name, made_from, image, documents = line.split(" ", 4)
    decoder = json.JSONDecoder()
    state, end = decoder.raw_decode(documents)
    labels = json.loads(documents[end:])
    return name.lstrip("/"), ContainerState(
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status"),
        revision=(labels or {}).get(REVISION_LABEL),
        outdated=ids.get(image, ids.get(image.partition("@")[0], made_from)) != made_from,
        image=image,
    )


class PulledFact(ScriptFact[list[str]]):
    """Pulls what each image's tag means by now, beside what runs; which ones no registry gave."""

    def command(self, images: Sequence[str]) -> str:
        names = " ".join(quote(image) for image in images)
        pull = 'docker pull --quiet "$i" >/dev/null || echo "$i"'
        return script(f"for i in {names}; do {pull}; done")

    def process(self, output: list[str]) -> list[str]:
        return output

    @staticmethod
    def default() -> list[str]:
        return []


class RegistryFact(ScriptFact[dict[str, str | None]]):
    """The digest that an image's tag means in its registry; None: nobody could tell. Nothing is
    pulled.
    """

    def command(self, images: Sequence[str]) -> str:
        names = " ".join(quote(image) for image in images)
        api = "curl -sf -m 20 --unix-socket /var/run/docker.sock"
        return script(
            f"command -v timeout >/dev/null || timeout() {{ {_MACS_TIMEOUT}; }}",
            f"for i in {names}; do",
            "  d=$(timeout 20 docker buildx imagetools inspect --format '{{.Manifest.Digest}}' $i",
            f'    [ $? = 0 ] || {api} "http://docker/distribution/$i/json")',
            '  echo "$i $(echo "$d" | grep -o "sha256:[0-9a-f]*" | head -n 1)"',
            "done",
        )

    def process(self, output: list[str]) -> dict[str, str | None]:
        found = (line.partition(" ") for line in output)
        return {image: digest or None for image, _, digest in found}

    @staticmethod
    def default() -> dict[str, str | None]:
        return {}
