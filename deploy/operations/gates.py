"""Gates: operations that change nothing, but wait until a check succeeds, or end the run."""

import time
from collections.abc import Generator, Iterator

from pyinfra import logger
from pyinfra.api.command import StringCommand
from pyinfra.api.facts import FactBase
from pyinfra.api.operation import operation
from pyinfra.context import host, state

from deploy.facts.base import PATH
from deploy.operations.connection_loss import fact_or_default, is_lost
from deploy.operations.dispatch import perform
from deploy.steps import Gate, Tell

_POLL_S = 0.5


class Succeeds(FactBase[bool]):
    """Whether a command succeeds."""

    def command(self, check: str) -> str:
        return f"{PATH}; export PATH; if {{ {check}; }} >/dev/null 2>&1; then echo yes; fi"

    def process(self, output: list[str]) -> bool:
        return output == ["yes"]

    @staticmethod
    def default() -> bool:
        return False


class Says(FactBase[list[str]]):
    """The output of a command, whether it succeeds or not."""

    def command(self, what: str) -> str:
        return f"{PATH}; export PATH; {{ {what}; }} 2>&1; true"

    def process(self, output: list[str]) -> list[str]:
        return output

    @staticmethod
    def default() -> list[str]:
        return []


def fails(*lines: str) -> Iterator[StringCommand]:
    """What a failing operation yields: the run ends on all hosts, and says why."""
    for line in lines:
        logger.error(f"{host.print_prefix}{line}")
    yield StringCommand("false")


def _succeeds(check: str) -> bool:
    return fact_or_default(host, Succeeds, check, _ignore_errors=True)


@operation()
def wait_for(gate: Gate) -> Generator[StringCommand, None, None]:
    """Polls until the check succeeds; else the run ends everywhere, with what did not happen."""
    if not state.is_executing:
        return
    deadline = time.monotonic() + gate.timeout_s
    while not _succeeds(gate.command):
        if is_lost(host):
            yield from fails()
            return
        hopeless = _succeeds(gate.hopeless)
        if hopeless or time.monotonic() > deadline:
            said = fact_or_default(host, Says, gate.diagnose)
            yield from fails(failure(gate, hopeless=hopeless), *(f"  {line}" for line in said))
            return
        time.sleep(_POLL_S)


def failure(gate: Gate, *, hopeless: bool) -> str:
    """What did not happen, for an operator."""
    if hopeless:
        return f"{gate.failure}: it has failed"
    return f"{gate.failure} within {gate.timeout_s} s" if gate.timeout_s else gate.failure


@operation()
def say(text: str) -> Generator[StringCommand, None, None]:
    """Prints text for the operator."""
    yield from ()
    if state.is_executing:
        for line in text.splitlines():
            logger.info(f"{host.print_prefix}{line}")


@perform.register
def _gate(step: Gate) -> None:
    wait_for(name=str(step), gate=step)


@perform.register
def _tell(step: Tell) -> None:
    say(name=str(step), text=step.text)
