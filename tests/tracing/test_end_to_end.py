"""Real programs tell a real collector, and what they tell fits together."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.cli.conftest import Terminal
from tests.docs.test_readme import blocks
from tests.servers import RedisServer, wait_until
from tests.services import ServiceProcess
from tests.tracing.collector import Collected, collecting

pytestmark = pytest.mark.slow

OURS = "thought.produce", "thought.attend", "thought.anchor"

PROGRAM = """
import asyncio
from opentelemetry import trace
from thoughtstream import Mind

async def main():
    async with Mind.connect("ana") as mind:
        print(await mind.think("the kettle is on", salience=0.9))

asyncio.run(main())
"""


@pytest.fixture
def collector() -> Iterator[Collected]:
    with collecting() as collected:
        yield collected


@pytest.fixture
def environment(server: RedisServer, collector: Collected, tmp_path: Path) -> dict[str, str]:
    """Of every program: no setting of ours but these."""
    its = {
        "REDIS_URL": server.url,
        "THOUGHTSTREAM_TRACES__ENABLED": "true",
        "THOUGHTSTREAM_TRACES__ENDPOINT": collector.address,
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    own = Terminal(tmp_path / "home", env=its).environment()
    return {name: value for name, value in own.items() if name != "OTEL_SERVICE_NAME"}


@pytest.fixture
def service(
    server: RedisServer, collector: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ServiceProcess]:
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "attention")
    quick = {"STREAMS__WORKING_MEMORY_TTL_MS": "200", "MEMORY__TRIGGER_LIMIT": "0"}
    traces = {"TRACES__ENABLED": "true", "TRACES__ENDPOINT": collector.address}
    process = ServiceProcess(server.url, tmp_path / "service", **quick, **traces).start()
    yield process.wait_until_ready()
    process.stop()


def attributes(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


def test_a_producer_and_a_service_are_linked(
    service: ServiceProcess, collector: Collected, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    wait_until(lambda: bool(collector.named("thought.anchor")), "the anchor is told")
    [produced], [attended], [anchor] = map(collector.named, OURS)
    assert {attributes(span)["messaging.message.id"] for span in (produced, attended, anchor)} == {
        done.stdout.strip()
    }
    assert (produced.kind, attended.kind) == (Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER)
    [link] = attended.links
    assert (link.trace_id, link.span_id) == (produced.trace_id, produced.span_id)
    assert not attended.parent_span_id and attended.trace_id != produced.trace_id
    assert (anchor.trace_id, anchor.parent_span_id) == (attended.trace_id, attended.span_id)
    assert {name: {who for who, span in collector.spans if span.name == name} for name in OURS} == {
        "thought.produce": {"thoughtstream"}, "thought.attend": {"attention"},
        "thought.anchor": {"attention"},
    }  # fmt: skip
    assert "kettle" not in str(collector.spans)


def test_what_is_left_is_told_when_a_service_stops(
    service: ServiceProcess, collector: Collected, server: RedisServer
) -> None:
    with server.client() as redis:
        redis.xadd("thought:{ana}:window:sensory", {"content": "the kettle is on"})
        wait_until(lambda: redis.exists("thought:{ana}:assembled") == 1, "it is attended")
    assert service.stop() == 0
    assert collector.named("thought.attend")


def test_a_collector_that_is_away_stops_nobody(environment: dict[str, str]) -> None:
    nowhere = {"THOUGHTSTREAM_TRACES__ENDPOINT": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment | nowhere, capture_output=True, text=True,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == 0 and "@sensory" in done.stdout


def test_what_the_page_shows(
    collector: Collected, server: RedisServer, environment: dict[str, str]
) -> None:
    [shell] = [code for code in blocks("sh", "service/README.md") if "TRACES__ENABLED" in code]
    shell = shell.replace("http://localhost:4318", collector.address)
    command = f"PATH={Path(sys.executable).parent}:$PATH; set -e\n{shell}"
    done = subprocess.run(
        command, shell=True, env=environment, capture_output=True, text=True, timeout=100
    )
    stop = f"PATH={Path(sys.executable).parent}:$PATH thoughtstream down"
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        wait_until(lambda: bool(collector.named("thought.anchor")), "the anchor is told")
        [link] = collector.named("thought.attend")[0].links
        assert link.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    finally:
        subprocess.run(stop, shell=True, env=environment, check=True, timeout=60)
