"""What the page looks at in tests."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.servers import RedisServer, wait_until
from tests.services import ServiceProcess
from tests.web.served import Web
from thoughtstream.config import Settings
from thoughtstream.sync import Colony, Mind


@dataclass(frozen=True)
class Stack:
    """Redis, a service that attends, and the web process; `settings` of the last."""

    redis: RedisServer
    service: ServiceProcess
    web: Web
    settings: Settings

    def mind(self, name: str) -> AbstractContextManager[Mind]:
        return Mind.connect(name, settings=self.settings)

    def colony(self) -> AbstractContextManager[Colony]:
        return Colony.connect(settings=self.settings)


def contents(mind: Mind) -> list[str]:
    """What a mind remembers, the newest first."""
    return [memory.content for memory in mind.memories()]


def wait_until_settled(mind: Mind) -> None:
    """Until nothing of it competes, or can be changed any more."""

    def is_settled() -> bool:
        books = mind.audit()
        return not (books.unread or books.competing or books.intervening)

    wait_until(is_settled, "nothing can be changed any more")
