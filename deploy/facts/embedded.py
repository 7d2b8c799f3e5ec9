"""A mind of your own on this machine: whether it is up."""

import json
from dataclasses import dataclass
from shlex import quote

from deploy.facts.base import ScriptFact, script


@dataclass(frozen=True)
class EmbeddedState:
    """`healthy`: Redis answers and a service is alive. `own`: Redis is (or would be) the embedded
    one; otherwise the environment names another, at `url`.
    """

    healthy: bool
    own: bool = True
    url: str | None = None


class EmbeddedFact(ScriptFact[EmbeddedState]):
    """Asks `thoughtstream status`."""

    def command(self, program: str) -> str:
        return script(f"{quote(program)} status --json")

    def process(self, output: list[str]) -> EmbeddedState:
        try:
            found = json.loads("\n".join(output))
        except ValueError:
            return EmbeddedState(healthy=False)
        if "redis" not in found:
            return EmbeddedState(healthy=False)
        redis, alive = found["redis"], found["service"]["alive"]
        return EmbeddedState(bool(alive), bool(redis["embedded"]), redis["url"])

    @staticmethod
    def default() -> EmbeddedState:
        return EmbeddedState(healthy=False)
