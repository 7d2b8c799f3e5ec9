"""Every alert fires when it should, stays quiet when it should, and says what to do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.measuring.alerts import CASES, Case
from tests.measuring.expressions import asked_for
from thoughtstream.measuring.registry import SERIES

ROOT = Path(__file__).parents[2]
RULES = ROOT / "templates/prometheus/thoughtstream.rules.yml"


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load(RULES.read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


def promtool(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *words], capture_output=True, text=True, timeout=60)


def test_prometheus_takes_them() -> None:
    done = promtool("check", "rules", str(RULES))
    assert done.returncode == 0, done.stderr


def test_every_alert_is_tried() -> None:
    assert {rule["alert"] for rule in rules()} == {case.alert for case in CASES}


@pytest.mark.parametrize("fires", [True, False], ids=["fires", "quiet"])
@pytest.mark.parametrize("case", CASES, ids=[case.alert for case in CASES])
def test_it_fires_or_not(case: Case, fires: bool, tmp_path: Path) -> None:
    at = f"{case.after_minutes}m"
    asked = {"alertname": case.alert, "eval_time": at, "exp_alerts": []}
    tried = {"interval": "15s", "input_series": case.series(fires), "alert_rule_test": [asked]}
    written = tmp_path / "tried.yml"
    written.write_text(json.dumps({"rule_files": [str(RULES)], "tests": [tried]}))
    done = promtool("test", "rules", str(written))
    told = done.stdout + done.stderr
    got = told.partition("got:")[2]
    assert (f'alertname="{case.alert}"' in got) == fires, told
    assert (done.returncode != 0) == fires, told


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_it_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    said = rule["annotations"]
    assert said["summary"]
    assert said["description"]
    page, _, anchor = said["runbook_url"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in headings}
    assert anchor in anchors
    assert f"*{rule['labels']['severity']}.*" in _under(rule["alert"], (ROOT / page).read_text())


def _under(heading: str, page: str) -> str:
    return page.split(f"\n### {heading}\n")[1].split("\n#")[0]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_what_it_asks_for_is_measured(rule: dict[str, Any]) -> None:
    for name, labels in asked_for(rule["expr"]):
        assert name in SERIES, name
        assert labels <= {*SERIES[name].labels, "le"}
