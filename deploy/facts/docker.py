"""Docker on a host: whether it is there, its images, and the state of our containers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from shlex import quote

from deploy.facts.base import ScriptFact, number, pairs, script

REVISION_LABEL = "thoughtstream.revision"


@dataclass(frozen=True)
class ContainerState:
    """`health` is None for a container without a health check."""

    status: str
    health: str | None = None
    revision: str | None = None


@dataclass(frozen=True)
class DockerState:
    """`images`: those that were asked for and are there; `memory` in bytes; `nofile`: how many
    files the engine itself may open, and so the most that it can allow a container.
    """

    version: str | None = None
    compose: str | None = None
    memory: int | None = None
    root: str | None = None
    nofile: int | None = None
    images: tuple[str, ...] = ()
    containers: dict[str, ContainerState] = field(default_factory=dict)


class DockerFact(ScriptFact[DockerState | None]):
    """None if Docker isn't installed, isn't running, or we may not use it."""

    def command(self, images: Sequence[str], containers: Sequence[str]) -> str:
        return script(
            "docker info --format 'version={{.ServerVersion}}\nmemory={{.MemTotal}}"
            "\nroot={{.DockerRootDir}}' || exit 0",
            'echo "nofile=$(awk \'/^Max open files/ {print $5}\' "/proc/$(pidof dockerd)/limits")"',
            'echo "compose=$(docker compose version --short)"',
            f"for i in {' '.join(quote(image) for image in images)}; do",
            '  docker image inspect "$i" >/dev/null && echo "image $i"',
            "done",
            f"for c in {' '.join(quote(name) for name in containers)}; do",
            "  docker container inspect --format 'container {{.Name}} {{json .State}} "
            '{{json .Config.Labels}}\' "$c"',
            "done",
        )

    def process(self, output: list[str]) -> DockerState | None:
        images = [line.split(" ", 1)[1] for line in output if line.startswith("image ")]
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
            images=tuple(images),
            containers=dict(_container(line) for line in about),
        )

    @staticmethod
    def default() -> DockerState | None:
        return None


def _container(line: str) -> tuple[str, ContainerState]:
    _, name, documents = line.split(" ", 2)
    decoder = json.JSONDecoder()
    state, end = decoder.raw_decode(documents)
    labels = json.loads(documents[end:])
    return name.lstrip("/"), ContainerState(
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status"),
        revision=(labels or {}).get(REVISION_LABEL),
    )
