"""`thoughtstream metrics`: what Prometheus is told of Redis and all minds."""

from importlib.util import find_spec
from typing import Any

from thoughtstream import config
from thoughtstream.config import Settings
from thoughtstream.faces.cli import event_loop, exit_codes, output
from thoughtstream.faces.cli.options import Json, examples
from thoughtstream.faces.metrics.reading import Reader
from thoughtstream.faces.metrics.series import Series
from thoughtstream.measuring.redis import REDIS, UP

EXAMPLES = examples("thoughtstream metrics", "thoughtstream metrics --json")


def metrics(json: Json = False) -> None:
    """Print the metrics of Redis and of all minds, once, as Prometheus reads them.

    What a service measures of itself is at its own /metrics (`metrics.port`). Exits with 1 if Redis
    does not answer.
    """
    if find_spec("prometheus_client") is None:
        raise exit_codes.Failed("metrics: is an extra; pip install 'thoughtstream[metrics]'")
    found, text = event_loop.run(_read(config.load()))
    output.answer(_as_json(found), json, lambda: _show(text))
    if found == [Series(UP, 0)]:
        exit_codes.stop(exit_codes.FAILED)


def _show(text: str) -> None:
    output.stdout.print(text, markup=False, soft_wrap=True, end="")


async def _read(settings: Settings) -> tuple[list[Series], str]:
    from thoughtstream.faces.metrics.exposition import Exposition

    reader = Reader(settings)
    try:
        text, _ = await Exposition(reader).text()
        return await reader.read(), text.decode()
    finally:
        await reader.aclose()


def _as_json(found: list[Series]) -> dict[str, Any]:
    """By metric, each series with its labels; the names are those of the text."""
    said: dict[str, Any] = {metric.name: [] for metric in REDIS}
    for metric, value, labels in found:
        its = dict(zip(metric.labels, labels, strict=True))
        said[metric.name].append({"labels": its, "value": value})
    return said
