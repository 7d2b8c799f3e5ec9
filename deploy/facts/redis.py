"""The Redis that runs: version, configuration, users."""

import json
from dataclasses import dataclass, field

from pyinfra.api.exceptions import FactProcessError

from deploy.commands import RedisCli
from deploy.facts.base import ScriptFact, script


@dataclass(frozen=True)
class RedisState:
    """A server that answers: `config` is CONFIG GET *, `users` the lines of ACL LIST."""

    version: str
    config: dict[str, str] = field(default_factory=dict)
    users: tuple[str, ...] = ()


class RedisFact(ScriptFact[RedisState | None]):
    """Asks Redis as admin; None if it isn't there, doesn't answer or doesn't know the admin."""

    def command(self, cli: RedisCli) -> str:
        return script(cli.ask("config get *", "acl list", "info server"))

    def process(self, output: list[str]) -> RedisState | None:
        if len(output) < 3:
            return None
        config, users, *info = output
        lines = dict(line.split(":", 1) for line in info if ":" in line)
        try:
            return RedisState(lines["redis_version"], json.loads(config), tuple(json.loads(users)))
        except (KeyError, ValueError) as error:
            raise FactProcessError(f"redis-cli printed something else: {error!r}") from error

    @staticmethod
    def default() -> RedisState | None:
        return None
