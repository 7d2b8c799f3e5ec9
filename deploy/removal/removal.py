"""`deploy.remove` on the current host: what is there is looked up, shown, and taken away."""

from pyinfra import logger
from pyinfra.api.exceptions import DeployError
from pyinfra.context import host, state

from deploy.operations.gates import Succeeds
from deploy.removal.remains import Remains, data_of, remains
from deploy.runtimes.base import Runtime
from deploy.steps import Run, Step

_DATA = ("keep", "erase")


def is_confirmed(confirm: object, data: object) -> bool:
    """Whether somebody has named all hosts of the run.

    Raises:
        DeployError: others are named, or what is to become of the data is not understood.
    """
    if data not in _DATA:
        raise DeployError(f"data: is {data!r}; say keep or erase\n  nothing was changed")
    if confirm is None:
        return False
    named = sorted(filter(None, (part.strip() for part in str(confirm).split(","))))
    wanted = _hosts()
    if named != wanted:
        raise DeployError(
            f"confirm: names {', '.join(named)}, and the run is on {', '.join(wanted)}; "
            "name exactly these\n  nothing was changed"
        )
    return True


def plan(runtime: Runtime, *, erase: bool) -> list[Step]:
    """The steps that take away what is there."""
    return [Run(each.what, each.gone) for each in remains(runtime, erase=erase) if _is_there(each)]


def tell(runtime: Runtime, steps: list[Step], data: object) -> None:
    """What stays, and how the plan is carried out."""
    if data == "keep":
        logger.info(f"{host.print_prefix}stays: the data, in {data_of(runtime)} (data=erase)")
    logger.info(f"{host.print_prefix}stays: packages (apt's, Homebrew's), backups on this machine")
    if steps:
        command = f"deploy.remove confirm={','.join(_hosts())} data={data}"
        logger.info(f"{host.print_prefix}nothing was changed; to carry it out: {command}")


def _is_there(each: Remains) -> bool:
    return bool(host.get_fact(Succeeds, each.found))


def _hosts() -> list[str]:
    return sorted(each.name for each in state.inventory.get_active_hosts())
