"""Traces are off unless they are wanted, and then cost no import; what is wrong is said at once."""

import subprocess
import sys

import pytest

from thoughtstream import Colony, Mind, service
from thoughtstream.config import ConfigError, Settings, TracesConfig, load
from thoughtstream.tracing import choosing
from thoughtstream.tracing.traces import NOTHING


def test_nothing_of_it_is_imported_while_it_is_off() -> None:
    """By us: where OpenTelemetry is installed, redis-py imports its metrics, whoever wants them."""
    code = (
        "import sys, thoughtstream.mind, thoughtstream.service, thoughtstream.colony; "
        "from thoughtstream.config import TracesConfig; "
        "from thoughtstream.tracing.choosing import traces; traces(TracesConfig()); "
        "print(*[name for name in sys.modules if name.startswith(("
        "'opentelemetry.exporter', 'opentelemetry.sdk.trace', 'thoughtstream.tracing.'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {f"thoughtstream.tracing.{name}" for name in ("choosing", "traces")}
    assert set(done.stdout.split()) == ours


async def test_without_the_extra_the_cure_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("thoughtstream.tracing.")]:
        if name.endswith(("exporting", "spans")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    wanted = settings.model_copy(update={"traces": TracesConfig(enabled=True, ratio=0.123)})
    cure = r"traces.enabled: .*pip install 'thoughtstream\[traces\]'"
    with pytest.raises(ConfigError, match=cure):
        async with Mind.connect("ana", settings=wanted):
            pass
    with pytest.raises(ConfigError, match=cure):
        async with Colony.connect(settings=wanted):
            pass
    with pytest.raises(ConfigError, match=cure):
        await service.run(wanted, str(wanted.redis.url), on_ready=lambda: None)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"ratio": 1.5}, "traces.ratio"),
        ({"endpoint": "localhost:4318"}, "traces.endpoint"),
        ({"endpoint": "grpc://localhost:4317"}, "traces.endpoint"),
        ({"exporter": "console"}, "traces.exporter"),
    ],
)
def test_what_is_wrong_is_named(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        load(traces=wrong)


def test_off_is_nothing() -> None:
    assert choosing.traces(TracesConfig()) is NOTHING
