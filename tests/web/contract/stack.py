"""What is asked: a Redis, a service that attends, and a web process with a token for everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import WHEEL, RedisServer, programs
from tests.services import ServiceProcess
from tests.web.served import Web, serving
from thoughtstream.config import MetricsConfig, RedisConfig, Settings, WebConfig


@contextmanager
def stack(directory: Path) -> Iterator[Web]:
    """A stack of its own in a directory, until the context ends."""
    redis = RedisServer(programs()[WHEEL], directory).start()
    service = ServiceProcess(redis.url, directory / "service")
    try:
        service.start().wait_until_ready()
        settings = Settings(
            home=directory / "home",
            redis=RedisConfig(url=redis.url),
            metrics=MetricsConfig(port=0),
            web=WebConfig(requests_per_s=0, thoughts_per_s=0),
        )
        with serving(settings) as web:
            yield web
    finally:
        service.stop()
        redis.stop()
