"""The dashboard for Grafana: `python -m thoughtstream.measuring.dashboard`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from thoughtstream.measuring import redis, service
from thoughtstream.measuring.metric import Metric

_UNITS = {"seconds": "s", "bytes": "bytes", "ratio": "none", "": "short"}
_WIDE, _TILE, _HIGH = 8, 4, 7
_SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True)
class Query:
    """An expression, and what its lines are called."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """What is shown of a metric, and of others beside it, which have the same unit."""

    title: str
    metric: Metric
    queries: tuple[Query, ...]
    is_tile: bool = False


def _now(metric: Metric, how: str = "max") -> Query:
    return Query(f"{how}({metric.name})")


def _by(metric: Metric, label: str, how: str = "max") -> Query:
    return Query(f"{how} by ({label}) ({metric.name})", f"{{{{{label}}}}}")


def _rate(metric: Metric, label: str) -> Query:
    return Query(f"sum by ({label}) (rate({metric.name}[$__rate_interval]))", f"{{{{{label}}}}}")


def _quantiles(metric: Metric) -> tuple[Query, ...]:
    rate = f"sum by (le) (rate({metric.name}_bucket[$__rate_interval]))"
    named = {"0.5": "half of all", "0.99": "99 of 100"}
    return tuple(Query(f"histogram_quantile({part}, {rate})", says) for part, says in named.items())


ROWS = {
    "Is it well?": (
        Panel("Redis answers", redis.UP, (_now(redis.UP, "min"),), is_tile=True),
        Panel("Services alive", redis.SERVICES, (_now(redis.SERVICES),), is_tile=True),
        Panel("Minds", redis.MINDS, (_now(redis.MINDS),), is_tile=True),
        Panel("Waiting for attention", redis.LAG, (_now(redis.LAG),), is_tile=True),
        Panel("Faults in ledgers", redis.DIFFERENCE, (_now(redis.DIFFERENCE),), is_tile=True),
    ),
    "Attention": (
        Panel("A cycle takes", service.CYCLE, _quantiles(service.CYCLE)),
        Panel("A cycle begins late by", service.LATENESS, _quantiles(service.LATENESS)),
        Panel("Thoughts a second", redis.THOUGHTS, (_rate(redis.THOUGHTS, "fate"),)),
    ),
    "Memory": (
        Panel("Memories", redis.MEMORIES, (_by(redis.MEMORIES, "kind"),)),
        Panel("Triggers a second", service.TRIGGERS, (_rate(service.TRIGGERS, "outcome"),)),
    ),
    "Redis": (
        Panel("Memory in use", redis.USED, (
            _by(redis.USED, "node"), Query(_by(redis.MOST, "node").expression, "most, {{node}}"),
        )),
        Panel("What domains take", redis.DOMAIN_BYTES, (_by(redis.DOMAIN_BYTES, "domain"),)),
    ),
}  # fmt: skip


def dashboard() -> dict[str, Any]:
    """As Grafana imports it."""
    return {
        "title": "Thoughtstream",
        "uid": "thoughtstream",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "type": "datasource", "query": "prometheus"}],
        },
        "panels": list(_numbered(_laid_out())),
    }


def _laid_out() -> Iterator[dict[str, Any]]:
    down = 0
    for title, panels in ROWS.items():
        place = {"x": 0, "y": down, "w": 24, "h": 1}
        yield {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": place}
        across, down = 0, down + 1
        for panel in panels:
            wide = _TILE if panel.is_tile else _WIDE
            place = {"x": across, "y": down, "w": wide, "h": _HIGH}
            across += wide
            yield _panel(panel, place)
        down += _HIGH


def _panel(panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "type": "stat" if panel.is_tile else "timeseries",
        "title": panel.title,
        "description": panel.metric.help,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": _UNITS[panel.metric.unit], "min": 0}, "overrides": [],
        },
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": _SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for number, query in enumerate(panel.queries)
        ],
    }  # fmt: skip


def _numbered(panels: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, panel in enumerate(panels, start=1):
        yield {"id": number, **panel}


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=2, ensure_ascii=False))  # noqa: T201
