"""`thoughtstream metrics`: for a textfile collector, or to look at."""

import json
import subprocess

from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import Terminal
from tests.servers import RedisServer


def test_metrics_are_printed_as_prometheus_reads_them(
    terminal: Terminal, server: RedisServer
) -> None:
    terminal.env["REDIS_URL"] = server.url
    terminal.call("anchor", "the kettle is on")
    said = terminal.call("metrics")
    assert (said.returncode, said.stderr) == (0, "")
    checked = subprocess.run(["promtool", "check", "metrics"], input=said.stdout, text=True)
    assert checked.returncode == 0
    families = {family.name: family for family in text_string_to_metric_families(said.stdout)}
    assert families["thoughtstream_up"].samples[0].value == 1
    assert families["thoughtstream_minds"].samples[0].value == 1
    found = json.loads(terminal.call("metrics", "--json").stdout)
    assert {"labels": {"fate": "anchored"}, "value": 1} in found["thoughtstream_thoughts_total"]
    assert found["thoughtstream_up"] == [{"labels": {}, "value": 1}]


def test_of_a_redis_that_is_down_that_is_said(terminal: Terminal) -> None:
    terminal.env["REDIS_URL"] = "redis://127.0.0.1:1"
    said = terminal.call("metrics", "--json")
    assert said.returncode == 1
    assert json.loads(said.stdout)["thoughtstream_up"] == [{"labels": {}, "value": 0}]
    assert "127.0.0.1:1" in said.stderr
