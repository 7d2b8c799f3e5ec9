"""The certificates of a host, from the files that the inventory names.

A certificate's file is called by its content: a server that serves another one is seen by the
name, and takes the new one live.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.cluster.topology import Node
from deploy.directives import Certificates
from deploy.facts.gather import Facts
from deploy.layout import Layout
from deploy.pem import name_in, no_authority, text_in, untrusted, unusable
from deploy.render import digest
from deploy.runtimes.base import File, changed, missing_directories, redis_directory
from deploy.settings import Stack, TlsSettings
from deploy.steps import MakeDirectory, PutSecretFile, Step


def tls_of(stack: Stack, layout: Layout, nodes: Sequence[Node], host: str) -> "HostTls | None":
    """What a host has, by its name or as that of its cluster's nodes; None: no TLS."""
    if stack.tls is None:
        return None
    if nodes:
        return HostTls(stack.tls, layout, nodes[0].host, nodes[0].address)
    return HostTls(stack.tls, layout, host)


class HostTls:
    """What a host with TLS has: its certificate with its key, and whom it trusts. `address`: where
    others in a cluster reach it, which its certificate must name; a server that stands alone is
    known by any name that is in its certificate.
    """

    def __init__(self, tls: TlsSettings, layout: Layout, host: str, address: str = "") -> None:
        self.layout = layout
        self.authority = Path(tls.ca)
        self.address = address
        self.wanted = tls.certificate(host)
        self.missing = [path for path in self.wanted if not path.exists()]
        own = "".join(text_in(path).strip() + "\n" for path in self.wanted)
        owner, mode = layout.owner, layout.redis_mode
        redis = (owner.admin, owner.redis_group, mode)
        ca = text_in(self.authority)
        self.own = File(f"{self.folder}/{digest(own)}.pem", own, *redis)
        self.ca = File(f"{self.folder}/{digest(ca)}.ca.crt", ca, *redis)
        service = (owner.admin, owner.service_group, 0o640)
        self.service_ca = File(f"{layout.service_etc}/ca.crt", ca, *service)

    @property
    def folder(self) -> str:
        """Where Redis reads them."""
        return f"{self.layout.redis_shared}/tls"

    def seen(self, shared: str) -> Certificates:
        """The same where Redis sees the host's shared directory as another path."""
        own, ca = (f.path.replace(self.layout.redis_shared, shared) for f in (self.own, self.ca))
        return Certificates(own, ca)

    @property
    def _directory(self) -> MakeDirectory:
        return redis_directory(self.layout, self.folder)

    @property
    def paths(self) -> list[str]:
        """Every path that this part looks after."""
        return [self._directory.path, self.own.path, self.ca.path, self.service_ca.path]

    @property
    def server_name(self) -> str | None:
        """Whom its certificate must name, where that is not the address that it is asked at."""
        return None if self.address else name_in(self.wanted[0])

    def problems(self) -> Iterator[str]:
        """What is wrong on the machine that deploys."""
        for path in self.missing:
            yield f"tls.certificates: {path} is missing; each host needs a .crt and a .key there"
        if self.missing:
            return
        certificate, key = self.wanted
        name = self.address or self.server_name
        if why := no_authority(self.authority):
            yield f"tls.ca: {self.authority}: {why}"
        elif why := unusable(certificate, key):
            yield f"tls.certificates: {certificate}, {key}: {why}"
        elif name is None:
            yield f"tls.certificates: {certificate} names nobody; issue it with a subjectAltName"
        elif why := untrusted(certificate, key, self.authority, name):
            yield (
                f"tls.certificates: {certificate} would not be trusted by who trusts "
                f"{self.authority}: {why}; have that authority issue one for {name}"
            )

    def preparation(self, facts: Facts) -> Iterator[Step]:
        """The files, before any setting names them."""
        yield from missing_directories([self._directory], facts)
        for file in changed([self.ca, self.service_ca], facts):
            yield file.step()
        if self.own.differs(facts):
            own = self.own.step()
            yield PutSecretFile(own.path, own.text, own.user, own.group, own.mode)
