"""Whether there are traces."""

from functools import cache

from thoughtstream.config import TracesConfig
from thoughtstream.errors import ConfigError
from thoughtstream.tracing.traces import NOTHING, Traces


def traces(config: TracesConfig) -> Traces:
    """Traces as the settings want them, of one kind for the whole process. Without them nothing of
    OpenTelemetry is imported.

    Raises:
        ConfigError: the extra `traces` is not installed.
    """
    return _opened(config) if config.enabled else NOTHING


@cache
def _opened(config: TracesConfig) -> Traces:
    try:
        from thoughtstream.tracing.exporting import tracer
        from thoughtstream.tracing.spans import Spans
    except ImportError as error:
        raise ConfigError(
            f"traces.enabled: {error.name} is not installed; install the extra "
            "(pip install 'thoughtstream[traces]'), or set it to false"
        ) from None
    return Spans(tracer(config.endpoint, config.ratio))
