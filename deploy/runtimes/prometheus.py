"""Prometheus on a Linux host: Debian's program under a unit of ours, which scrapes the service and
the web process, with our alerts.
"""

from collections.abc import Iterator
from shlex import join, quote

from deploy.commands import ask_web
from deploy.facts.gather import Facts
from deploy.layout import Layout
from deploy.render import TEMPLATES, render
from deploy.runtimes import apt
from deploy.runtimes.base import File, changed, missing_directories
from deploy.runtimes.server import in_url
from deploy.runtimes.web import HostWeb
from deploy.steps import Install, MakeDirectory, Run, Step

PROGRAM = "/usr/bin/prometheus"
PORT = 9090
_USER = "prometheus"
_DEBIANS_UNIT = "prometheus"


class HostPrometheus:
    """What Prometheus reads on a host."""

    def __init__(self, layout: Layout, web: HostWeb, *, service_port: int) -> None:
        self.layout = layout
        self.web = web
        self.service_port = service_port

    @property
    def token(self) -> str:
        """The file of its token."""
        return f"{self.layout.prometheus_etc}/token"

    @property
    def read(self) -> str:
        """The text of what it reads: another one makes it restart."""
        return "".join(file.text for file in self._files)

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        return [PROGRAM, self._directory.path, self.token, *(file.path for file in self._files)]

    def preparation(self, facts: Facts) -> Iterator[Step]:
        """The program, its files and its token, which nobody is shown."""
        if PROGRAM not in facts.paths:
            yield from apt.waited_for(Install(("prometheus",), masked=(_DEBIANS_UNIT,)))
        yield from missing_directories([self._directory], facts)
        yield from (file.step() for file in changed(self._files, facts))
        if self.token not in facts.paths:
            yield Run("make a token for Prometheus", self._make_token())

    def answers(self, python: str) -> str:
        """Succeeds where it runs once it is ready; `python`: any."""
        return join(ask_web(python, "127.0.0.1", PORT, False, "/-/ready"))

    @property
    def _directory(self) -> MakeDirectory:
        return MakeDirectory(self.layout.prometheus_etc, "root", _USER, 0o750)

    @property
    def _files(self) -> list[File]:
        etc = self.layout.prometheus_etc
        rules = f"{etc}/thoughtstream.rules.yml"
        host, port, tls = self.web.place
        config = render(
            "prometheus/prometheus.yml",
            rules=rules,
            service_port=self.service_port,
            web=f"{in_url(host)}:{port}",
            tls=tls,
            token=self.token,
        )
        alerts = (TEMPLATES / "prometheus/thoughtstream.rules.yml").read_text()
        texts = {f"{etc}/prometheus.yml": config, rules: alerts}
        return [File(path, text, "root", _USER, 0o640) for path, text in texts.items()]

    def _make_token(self) -> str:
        new = quote(f"{self.token}.new")
        add = f"{self.layout.command} token add prometheus --scope metrics"
        return (
            f"umask 077 && {add} > {new} && chown root:{_USER} {new} && chmod 640 {new} && "
            f"mv {new} {quote(self.token)}"
        )
