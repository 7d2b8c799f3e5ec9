"""The images of a host in Docker: those of others, by their digests, and the service's own."""

from collections.abc import Iterator

from deploy.facts.docker import DockerState
from deploy.layout import CONTAINER_UID, IMAGE, REQUIREMENTS, Layout
from deploy.render import digest, render
from deploy.settings import DockerSettings
from deploy.steps import BuildImage, Gate, PullImage, Step
from deploy.wheels import Release, Target, release_for

_GLIBC = "2.28"
"""The oldest glibc of an image that the service's wheels are made for."""


class Images:
    """What a host's containers are made from; `architecture`: of its processor."""

    def __init__(self, wanted: DockerSettings, layout: Layout, architecture: str) -> None:
        self._wanted = wanted
        self._layout = layout
        self._architecture = architecture

    @property
    def pulled(self) -> tuple[str, ...]:
        """Those that come from a registry."""
        insight = (self._wanted.insight_image,) if self._wanted.insight else ()
        return (self._wanted.image, self._wanted.python_image, *insight)

    @property
    def own(self) -> str:
        """The service's."""
        text = self._dockerfile(self._wanted.python_image)
        return f"{IMAGE}:{digest(self._release.name, text)}"

    def steps(self, docker: DockerState) -> Iterator[Step]:
        """How those get there that are not there."""
        yield from (_pull(image, docker) for image in self.pulled if image not in docker.images)
        if self.own not in docker.images or not self.is_on_base(docker):
            text = self._dockerfile(docker.pinned(self._wanted.python_image))
            yield BuildImage(self._release, self._layout, self.own, text)

    def is_on_base(self, docker: DockerState) -> bool:
        """Whether the service's was built on what its base means now."""
        return docker.is_made_from(self.own, self._wanted.python_image)

    def redis(self, docker: DockerState, running: str) -> Iterator[Step]:
        """How Redis's gets there, and ends a run if it is older than the version that runs."""
        image = self._wanted.image
        if image not in docker.images:
            yield _pull(image, docker)
        found = f"docker run --rm --entrypoint redis-server {image} --version"
        version = f"new=$({found} | sed -n 's/.* v=\\([0-9.]*\\).*/\\1/p')"
        newest = f"$(printf '%s\\n' \"$new\" {running} | sort -V | tail -1)"
        yield Gate(
            f"check that {image} is not older than Redis {running}, which is running",
            f"{image} is older than Redis {running}, which is running",
            f'{version}; [ -n "$new" ] && [ "{newest}" = "$new" ]',
            0,
            diagnose=found,
        )

    @property
    def _release(self) -> Release:
        """For the image's Python, as the inventory names it."""
        return release_for(Target(self._wanted.python, self._architecture, _GLIBC))

    def _dockerfile(self, base: str) -> str:
        return render("Dockerfile", python_image=base, uid=CONTAINER_UID, requirements=REQUIREMENTS)


def _pull(image: str, docker: DockerState) -> PullImage:
    return PullImage(image, docker.pinned(image))
