"""The web process of a host: its settings, its certificate, and how to ask whether it answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import join
from typing import Any

from deploy.commands import ask_web
from deploy.config_files import web_toml
from deploy.facts.gather import Facts
from deploy.layout import Layout
from deploy.pem import text_in
from deploy.runtimes.base import File, changed
from deploy.runtimes.certificates import HostTls
from deploy.settings import Stack, WebServerSettings
from deploy.steps import PutSecretFile, Step


@dataclass(frozen=True)
class HostWeb:
    """`url`: where it finds Redis; `etc` and `home`: its directories, as it sees them; `redis`: the
    certificates of Redis, if it has any; `published`: whether it runs in a network of its
    own, of which the engine publishes its port.
    """

    stack: Stack
    layout: Layout
    url: str
    etc: str
    home: str
    redis: HostTls | None = None
    published: bool = False

    @property
    def settings(self) -> WebServerSettings:
        """What the inventory says."""
        return self.stack.web

    @property
    def files(self) -> list[File]:
        """All that it reads, but for its password."""
        tls = {
            "ca.crt": self.redis.ca.text if self.redis else "",
            "tls.crt": text_in(self.settings.tls_cert) if self.settings.tls_cert else "",
            "tls.key": text_in(self.settings.tls_key) if self.settings.tls_key else "",
        }
        named = {f"{self.layout.web_etc}/{name}": text for name, text in tls.items() if text}
        return [self._file(path, text) for path, text in (named | self._toml).items()]

    @property
    def read(self) -> str:
        """The text of these: another one makes it restart."""
        return "".join(file.text for file in self.files)

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        return [file.path for file in self.files]

    def preparation(self, facts: Facts) -> Iterator[Step]:
        """The files that are to be written."""
        for file in changed(self.files, facts):
            own = file.step()
            is_key = file.path.endswith(".key")
            secret = PutSecretFile(own.path, own.text, own.user, own.group, own.mode)
            yield secret if is_key else own

    def answers(self, python: str) -> str:
        """Succeeds where it runs once it answers; `python`: any."""
        return join(ask_web(python, *self.place))

    @property
    def place(self) -> tuple[str, int, bool]:
        """Where it listens, as it is asked beside it; with TLS or not."""
        host = self._host
        near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return near, self.settings.port, self.settings.tls_cert is not None

    @property
    def _host(self) -> str:
        return "0.0.0.0" if self.published else str(self.settings.bind)

    @property
    def _toml(self) -> dict[str, str]:
        text = web_toml(
            self.stack,
            home=self.home,
            url=self.url,
            password_file=f"{self.etc}/password",
            ca_file=f"{self.etc}/ca.crt" if self.redis else None,
            server_name=self.redis.server_name if self.redis else None,
            web=self._section,
        )
        return {self.layout.web_toml: text}

    @property
    def _section(self) -> dict[str, Any]:
        own = self.settings
        section = {"host": self._host, "port": own.port, "hosts": own.names}
        if own.tls_cert:
            return section | {"tls_cert": f"{self.etc}/tls.crt", "tls_key": f"{self.etc}/tls.key"}
        # Whoever publishes a port stands before it, too; whether that is safe, `bind` has said.
        return section | {"behind_proxy": own.behind_proxy or self.published}

    def _file(self, path: str, text: str) -> File:
        owner = self.layout.owner
        return File(path, text, owner.admin, owner.web_group, 0o640)
