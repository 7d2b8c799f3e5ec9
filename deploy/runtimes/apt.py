"""apt, which has others to serve, too: a new server upgrades itself for its first minutes. And
needrestart, which restarts what runs with an older library after that.
"""

from collections.abc import Iterator

from deploy.commands import APT_USERS, APT_WAIT_S
from deploy.facts.gather import Facts
from deploy.layout import NEEDRESTART, REDIS_UNIT
from deploy.render import render
from deploy.runtimes.base import File, changed, missing_directories
from deploy.steps import Gate, MakeDirectory, Step

_FOLDER = MakeDirectory(NEEDRESTART.rpartition("/")[0], None, None, None)
_RULE = File(NEEDRESTART, render("needrestart.conf", redis_unit=REDIS_UNIT), "root", "root")
PATHS = (_FOLDER.path, _RULE.path)


def waited_for(*steps: Step) -> Iterator[Step]:
    """Steps that need apt, each once nobody else uses it."""
    for step in steps:
        yield Gate(
            f"apt is free to {step}",
            "apt was not free",
            f"! {APT_USERS}",
            APT_WAIT_S,
            diagnose=f"{APT_USERS}; echo 'run again once that has ended'",
        )
        yield step


def cautions(facts: Facts, steps: list[Step]) -> Iterator[str]:
    """That a run will have to wait."""
    user = facts.software.apt_user
    if user and any(isinstance(step, Gate) for step in steps):
        most = APT_WAIT_S // 60
        yield f"facts.software.apt_user: apt is in use by {user}; waited for, {most} min at most"


def restarts_of_others(facts: Facts) -> Iterator[Step]:
    """Keeps needrestart from restarting Redis, whether it is installed already or not."""
    yield from missing_directories([_FOLDER], facts)
    yield from (file.step() for file in changed([_RULE], facts))
