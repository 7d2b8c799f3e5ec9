"""A service measures itself, and says it to who asks on loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from tests.servers import WHEEL, RedisServer, programs
from tests.services import running, until
from thoughtstream import Mind
from thoughtstream.config import MetricsConfig, RedisConfig, Settings, StreamConfig
from thoughtstream.measuring import serving
from thoughtstream.measuring.measures import NOTHING
from thoughtstream.measuring.service import SERVICE

Scrape = dict[tuple[str, ...], float]
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def measured(settings: Settings) -> Settings:
    """Of a quick service."""
    streams = StreamConfig(working_memory_ttl_ms=100, cycle_target_ms=5)
    its = {"streams": streams, "metrics": MetricsConfig(port=free_port())}
    return settings.model_copy(update=its)


def get(settings: Settings, path: str, accept: str = "") -> tuple[str, str]:
    address = f"http://127.0.0.1:{settings.metrics.port}{path}"
    with urlopen(Request(address, headers={"Accept": accept}), timeout=5) as answer:
        return answer.read().decode(), answer.headers["Content-Type"]


def status_of(settings: Settings, path: str) -> int:
    try:
        get(settings, path)
    except HTTPError as error:
        with error:
            return error.code
    return 200


def scrape(settings: Settings) -> Scrape:
    """Every series: its name and the values of its labels."""
    text, _ = get(settings, "/metrics")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(found: Scrape, name: str) -> float:
    return sum(value for series, value in found.items() if series[0] == f"thoughtstream_{name}")


async def test_what_happens_is_counted_where_it_happens(redis: Any, measured: Settings) -> None:
    async with running(measured), Mind.connect("ana", settings=measured) as mind:
        before = scrape(measured)
        assert total(before, "triggers_total") == 0
        await mind.anchor("the red kettle whistles when water boils")

        async def is_counted() -> bool:
            await mind.think("the kettle is on", salience=0.9)
            found = scrape(measured)
            return total(found, "triggers_total") > 0 and total(found, "wakeups_total") > 0

        await until(is_counted)
        after = scrape(measured)
        for name in ("cycle_seconds_count", "cycle_lateness_seconds_count", "wakeups_total"):
            assert total(after, name) > total(before, name), name
        assert total(after, "minds_served") == 1
        assert total(after, "recall_seconds_count") >= total(after, "triggers_total")
        assert after["thoughtstream_wakeups_total", "notified"] > 0
        assert 0 < total(after, "cycle_seconds_sum") < 60


async def test_every_metric_is_there_from_the_beginning(redis: Any, measured: Settings) -> None:
    async with running(measured):
        text, kind = get(measured, "/metrics", OPEN_METRICS)
        assert kind.startswith("application/openmetrics-text")
        assert text.endswith("# EOF\n")
        families = open_metrics(text)  # type: ignore[no-untyped-call]
        found = {sample.name for family in families for sample in family.samples}
        said = {name for metric in SERVICE for name in metric.series_names}
        assert said <= found
        assert ("thoughtstream_redis_disruptions_total", "full") in scrape(measured)
        assert "thoughtstream_triggers_total" in get(measured, "/metrics")[0]


async def test_it_is_well_while_it_attends(redis: Any, measured: Settings) -> None:
    async with running(measured):
        assert get(measured, "/healthz")[0] == "well\n"


@pytest.mark.slow
async def test_it_is_not_well_while_redis_is_lost(tmp_path: Path, measured: Settings) -> None:
    its_own = RedisServer(programs()[WHEEL], tmp_path).start()

    async def answers(status: int) -> bool:
        return status_of(measured, "/healthz") == status

    redis = RedisConfig(url=its_own.url)
    async with running(measured.model_copy(update={"redis": redis})):
        its_own.kill()
        await until(lambda: answers(503))
        assert total(scrape(measured), "redis_disruptions_total") > 0
        its_own.start()
        await until(lambda: answers(200))
    its_own.stop()


def test_who_is_not_well_says_so() -> None:
    port = free_port()
    settings = Settings(metrics=MetricsConfig(port=port))
    with serving.measures(SERVICE, port) as its:
        its.vouch(lambda: False)
        assert status_of(settings, "/healthz") == 503
        assert status_of(settings, "/anything") == 404
    with pytest.raises(OSError, match="refused"):
        get(settings, "/healthz")


async def test_a_port_that_is_taken_stops_nobody(redis: Any, measured: Settings) -> None:
    port = measured.metrics.port
    with socket.create_server(("127.0.0.1", port)), capture_logs() as said:
        async with running(measured), Mind.connect("ana", settings=measured) as mind:
            await mind.think("the kettle is on")
    [found] = [line for line in said if line["event"] == "metrics.not_served"]
    assert found["port"] == port
    assert "metrics.port" in found["cure"]


@contextmanager
def _without_the_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(serving, "find_spec", lambda name: None)
        yield


def test_without_the_extra_or_a_port_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving.measures(SERVICE, 0) as none:
        assert none is NOTHING
    with _without_the_extra(monkeypatch), serving.measures(SERVICE, free_port()) as none:
        assert none is NOTHING
