"""Everything that is said of metrics comes from one table."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.measuring.expressions import asked_for
from thoughtstream.measuring.dashboard import ROWS, dashboard
from thoughtstream.measuring.metric import Metric
from thoughtstream.measuring.registry import METRICS, SERIES
from thoughtstream.measuring.table import table

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "templates/grafana/thoughtstream.json"
FOREIGN = {"mind", "thought", "content", "id"}


def panels() -> list[dict[str, Any]]:
    return [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: str(metric.name))
def test_a_metric_is_named_as_is_usual(metric: Metric) -> None:
    assert re.fullmatch(r"thoughtstream_[a-z_]+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_info") == (metric.kind == "info")
    assert bool(metric.buckets) == (metric.kind == "histogram")
    assert list(metric.buckets) == sorted(metric.buckets)
    assert metric.kind != "histogram" or metric.unit
    assert metric.help.endswith(".")
    assert not FOREIGN & metric.labels.keys()


def test_a_name_is_one_metric() -> None:
    assert len(SERIES) == sum(len(metric.series_names) for metric in METRICS)


def test_the_manual_has_every_metric() -> None:
    manual = (ROOT / "service/README.md").read_text()
    assert "\n".join(table(METRICS)) in manual, "python -m thoughtstream.measuring.table"


def test_the_dashboard_is_the_one_that_is_made() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "thoughtstream.measuring.dashboard"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(made.stdout) == dashboard()
    assert DASHBOARD.read_text() == made.stdout


def test_the_dashboard_asks_for_what_is_measured() -> None:
    assert len(panels()) == sum(map(len, ROWS.values())) == 12
    for panel in panels():
        for target in panel["targets"]:
            asked = list(asked_for(target["expr"]))
            assert asked
            for name, labels in asked:
                assert name in SERIES, target["expr"]
                assert labels <= {*SERIES[name].labels}
            by = re.search(r"by \((\w+)\)", target["expr"])
            assert by is None or by[1] in {"le", *SERIES[asked[0][0]].labels}


def test_panels_lie_beside_each_other() -> None:
    cells = [
        (place["x"] + across, place["y"] + down)
        for place in (panel["gridPos"] for panel in panels())
        for across in range(place["w"])
        for down in range(place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
