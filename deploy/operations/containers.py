"""Images and containers."""

from io import StringIO

from pyinfra.operations import files, server

from deploy.before import remember
from deploy.commands import build_image, compose, pull_image
from deploy.operations.dispatch import perform
from deploy.operations.uploads import upload
from deploy.steps import BuildImage, ComposeUp, PullImage
from deploy.wheels import build


@perform.register
def _pull(step: PullImage) -> None:
    noted = f"{remember(f'pulled {step.image}')} 2>/dev/null || true"  # not on a Mac
    server.shell(name=str(step), commands=[pull_image(step.image, step.pinned), noted])


@perform.register
def _image(step: BuildImage) -> None:
    folder = f"{step.layout.opt}/build"
    archive = f"{step.layout.opt}/{step.release.name}.tar"
    files.directory(name=f"create directory {folder}", path=folder)
    upload(f"upload release {step.release.name}", build(step.release), archive)
    upload("upload the Dockerfile", StringIO(step.dockerfile), f"{folder}/Dockerfile")
    server.shell(name=str(step), commands=[build_image(archive, folder=folder, tag=step.tag)])


@perform.register
def _up(step: ComposeUp) -> None:
    recreate = ["--force-recreate"] if step.restart else []
    command = compose(
        step.layout, "up", "--detach", "--no-deps", "--no-build", *recreate, step.service
    )
    server.shell(name=str(step), commands=[command])
