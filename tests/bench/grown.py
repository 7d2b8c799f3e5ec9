"""Many minds with the same past, made by copying one: a service would need minutes for it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from redis import Redis
from redis.crc import key_slot

from tests.servers import RedisServer, wait_until
from tests.services import ServiceProcess
from thoughtstream import keys

_TEMPLATE = "template"
_BATCH = 500
_SLOTS = 16_384


def name(number: int) -> str:
    """Of a mind."""
    return f"mind {number}"


class Minds:
    """So many minds on these servers, which share the slots evenly if there are several."""

    def __init__(self, servers: list[RedisServer], clients: list[Any], count: int) -> None:
        self.servers = servers
        self.clients = clients
        self.count = count

    @classmethod
    @contextmanager
    def made(
        cls, servers: list[RedisServer], count: int, service: ServiceProcess
    ) -> Iterator["Minds"]:
        """Made by copying a mind that this service, which is stopped again, has attended."""
        with ExitStack() as stack:
            clients = [stack.enter_context(server.client()) for server in servers]
            minds = cls(servers, clients, count)
            minds._copy(minds._template(service))
            yield minds

    def client(self, number: int) -> Any:
        """Of the server that has a mind."""
        return self._client_of(name(number))

    def think(self, numbers: list[int]) -> None:
        """One plain XADD each."""
        for client, its in self._by_client(numbers):
            pipe = client.pipeline(transaction=False)
            for number in its:
                key = keys.WINDOW.key(mind=name(number), window="sensory")
                pipe.xadd(key, {"content": "is anybody there?", "salience": "0.9"})
            pipe.execute()

    def cache(self, numbers: range) -> None:
        """A new cache entry each."""
        pipes = [client.pipeline(transaction=False) for client in self.clients]
        for number in numbers:
            key = keys.CACHE.key(key=str(number))
            pipes[self._server_of(key)].set(key, "{}", ex=60)
        for pipe in pipes:
            pipe.execute()

    def attended(self, numbers: list[int]) -> list[int]:
        """How many thoughts each has attended, in an order of its own."""
        found = []
        for client, its in self._by_client(numbers):
            pipe = client.pipeline(transaction=False)
            for number in its:
                pipe.hget(keys.LEDGER.key(mind=name(number)), "attended")
            found += [int(answer) for answer in pipe.execute()]
        return found

    def served(self) -> list[int]:
        """How many minds each service says to serve."""
        index = keys.SERVICES.key()
        alive = self.clients[self._server_of(index)].zrange(index, 0, -1)
        where = [keys.AGENT_STATUS.key(id=keys.encode_name(one)) for one in alive]
        said = [self.clients[self._server_of(key)].get(key) for key in where]
        return [int(json.loads(status)["minds"]) for status in said if status]

    def _template(self, service: ServiceProcess) -> dict[str, bytes]:
        """The keys of a mind with a past, and what they have (DUMP)."""
        client = self._client_of(_TEMPLATE)
        service.start().wait_until_ready()
        client.xadd(keys.WINDOW.key(mind=_TEMPLATE, window="sensory"), {"content": "the kettle"})
        ledger = keys.LEDGER.key(mind=_TEMPLATE)
        wait_until(lambda: client.hget(ledger, "anchored") == "1", "the first is remembered")
        service.stop()
        found = list(client.scan_iter(match=f"*{{{_TEMPLATE}}}*", count=1000))
        server = self.servers[self._server_of(f"{{{_TEMPLATE}}}")]
        with Redis(unix_socket_path=str(server.socket)) as plain:  # what DUMP gives is no text
            dumped: dict[str, Any] = {key: plain.dump(key) for key in found}
        client.delete(*found)
        for one in self.clients:
            for key in one.scan_iter(match=keys.FOUND.glob):
                one.delete(key)
        return dumped

    def _copy(self, template: dict[str, bytes]) -> None:
        for client, numbers in self._by_client(list(range(self.count))):
            for start in range(0, len(numbers), _BATCH):
                pipe = client.pipeline(transaction=False)
                for number in numbers[start : start + _BATCH]:
                    for key, dumped in template.items():
                        own = key.replace(f"{{{_TEMPLATE}}}", f"{{{name(number)}}}")
                        pipe.execute_command("RESTORE", own, 0, dumped)
                pipe.execute()

    def _by_client(self, numbers: list[int]) -> list[tuple[Any, list[int]]]:
        by_server: dict[int, list[int]] = {}
        for number in numbers:
            by_server.setdefault(self._server_of(f"{{{name(number)}}}"), []).append(number)
        return [(self.clients[server], its) for server, its in by_server.items()]

    def _client_of(self, mind: str) -> Any:
        return self.clients[self._server_of(f"{{{mind}}}")]

    def _server_of(self, key: str) -> int:
        slot, count = key_slot(key.encode()), len(self.clients)
        return next(n for n in range(count) if slot < (n + 1) * _SLOTS // count)
