"""The running Redis: version, configuration, users."""

import json
from dataclasses import dataclass, field

from pyinfra.api.exceptions import FactProcessError

from deploy.commands import RedisCli
from deploy.facts.base import ScriptFact, script
from deploy.versions import Version, major_minor

_CONFIG = "config get * cluster-ping-interval"
_HIDDEN = 's/"masterauth":"[^"]*"/"masterauth":""/'
_REFUSED = ("NOAUTH", "WRONGPASS", "NOPERM")
_SHA256 = "sed -n 2p | tr -d '\\n' | { sha256sum || shasum -a 256; }"


@dataclass(frozen=True)
class RedisState:
    """A server that answers: `config` is CONFIG GET * without passwords, plus what Redis only
    returns by name; `users` the lines of ACL LIST; `masterauth`: the sha256 of the password with
    which a node of a cluster logs in at its master; `used`: bytes of memory.
    """

    version: str
    config: dict[str, str] = field(default_factory=dict)
    users: tuple[str, ...] = ()
    masterauth: str | None = None
    used: int = 0

    @property
    def authority(self) -> str | None:
        """The certificate of whoever vouches for it, as a path where it runs; None: it is asked
        without TLS.
        """
        with_tls = self.config.get("tls-port", "0") != "0"
        return self.config.get("tls-ca-cert-file") if with_tls else None

    @property
    def number(self) -> Version:
        """Major and minor version."""
        return major_minor(self.version) or (0, 0)


class RedisFact(ScriptFact[RedisState | None]):
    """Asks Redis as admin; None if it isn't there, doesn't answer or refuses the admin."""

    def command(self, cli: RedisCli) -> str:
        cli = cli.as_it_runs
        asked = f"{cli.ask(_CONFIG, 'acl list', 'info server', 'info memory')} | sed '{_HIDDEN}'"
        if cli.layout.node is None:
            return script(asked)
        digest = f"{cli('config', 'get', 'masterauth')} | {_SHA256}"
        return script(asked, f'echo "masterauth:$({digest})"')

    def process(self, output: list[str]) -> RedisState | None:
        if len(output) < 3 or any(word in output[0] for word in _REFUSED):
            return None
        config, users, *info = output
        lines = dict(line.strip().split(":", 1) for line in info if ":" in line)
        try:
            return RedisState(
                lines["redis_version"],
                json.loads(config),
                tuple(json.loads(users)),
                lines.get("masterauth", "").partition(" ")[0] or None,
                int(lines.get("used_memory", 0)),
            )
        except (KeyError, ValueError) as error:
            raise FactProcessError(f"can't parse what redis-cli printed: {error!r}") from error

    @staticmethod
    def default() -> RedisState | None:
        return None
