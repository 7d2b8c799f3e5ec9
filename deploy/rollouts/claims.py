"""Whose the current host is, for the verbs that read little else of it."""

from collections.abc import Callable, Iterator, Sequence

from pyinfra.api.exceptions import DeployError
from pyinfra.context import host

from deploy.claim import Claim, others
from deploy.facts.claim import ClaimsFact
from deploy.run_state import run_state
from deploy.runtimes.base import Runtime
from deploy.runtimes.server_runtime import ServerRuntime


def refuse_others(
    verb: str, runtime: Runtime,
    differences: Callable[[Claim, Sequence[Claim], str], Iterator[str]] = others,
) -> None:  # fmt: skip
    """Raises a DeployError on a host that is another's; a mind at home is only its user's."""
    if isinstance(runtime, ServerRuntime):
        found = host.get_fact(ClaimsFact, runtime.claimed)
        wanted = runtime.claim(run_state().inventory)
        if lines := list(differences(wanted, found, runtime.layout.claim)):
            told = "\n  ".join(lines)
            raise DeployError(f"{host.name}: deploy.{verb}: {told}\n  nothing was changed")
