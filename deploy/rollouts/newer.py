"""What an upgrade looks up before it plans: newer packages, and newer images of the same tags."""

from pyinfra import logger
from pyinfra.api.exceptions import DeployError
from pyinfra.api.host import Host

from deploy.facts.docker import PulledFact
from deploy.facts.software import PackageListsFact
from deploy.runtimes.base import Runtime
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative


def look_for_newer(host: Host, runtime: Runtime) -> None:
    """Updates a host's package lists, or pulls its images beside those that run.

    Raises:
        DeployError: the package lists can't be updated. An image that no registry gives stays as it
            is, which is said.
    """
    if isinstance(runtime, LinuxNative) and not host.get_fact(PackageListsFact):
        raise DeployError(f"{host.name}: apt-get update failed; nothing was changed")
    if isinstance(runtime, Docker):
        for image in host.get_fact(PulledFact, runtime.images.pulled):
            told = f"{image}: no registry gives it to this host, so it stays as it is"
            logger.warning(f"{host.print_prefix}{told}")
