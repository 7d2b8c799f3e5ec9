"""How the users of a drill reach its cluster."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.cluster import ClusterNode
from redis.credentials import CredentialProvider

from tests.drills.redis_py import Cluster
from thoughtstream.config import RedisConfig, Settings


@dataclass(frozen=True)
class Endpoint:
    """How a user reaches the cluster: some nodes, passwords (a file a user), whom to trust."""

    nodes: tuple[tuple[str, int], ...]
    passwords: Path | None = None
    ca_file: Path | None = None

    def connect(self) -> Cluster:
        """redis-py with what `deploy/README.md` recommends to users."""
        options: dict[str, Any] = {"socket_timeout": 2, "socket_connect_timeout": 0.5}
        if self.passwords:
            options["credential_provider"] = _Login("admin", self.passwords)
        if self.ca_file:
            options |= {"ssl": True, "ssl_ca_certs": str(self.ca_file)}
        nodes: Any = [ClusterNode(*node) for node in self.nodes]  # type: ignore[no-untyped-call]
        return Cluster(startup_nodes=nodes, decode_responses=True, **options)

    def settings(self, home: Path) -> Settings:
        """The same for `Mind`."""
        nodes = ",".join(f"{host}:{port}" for host, port in self.nodes)
        scheme = "rediss" if self.ca_file else "redis"
        redis: dict[str, Any] = {"url": f"{scheme}://{nodes}/0", "ca_file": self.ca_file}
        if self.passwords:
            redis |= {"username": "service", "password_file": self.passwords / "service"}
        return Settings(home=home, redis=RedisConfig(**redis))


class _Login(CredentialProvider):
    """Reads the password when it connects, so that a new one is taken up."""

    def __init__(self, user: str, folder: Path) -> None:
        self._user = user
        self._file = folder / user

    def get_credentials(self) -> tuple[str, str]:
        return self._user, self._file.read_text().strip()
