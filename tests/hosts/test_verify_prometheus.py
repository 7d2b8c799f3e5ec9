"""Prometheus, where the inventory wants it, scrapes service and web process, with our alerts."""

import json
from shlex import join
from typing import Any

import pytest

from deploy.layout import PROMETHEUS_UNIT
from deploy.runtimes.prometheus import PORT
from tests.servers import wait_until

from .deployed_host import ServerHost

SCRAPED_S = 60
"""Each is scraped within 15 s; a busy host takes its time."""
_ASK = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=30).read().decode())
"""


@pytest.fixture
def prometheus(server: ServerHost) -> ServerHost:
    """A host with Prometheus; see `pytest_collection_modifyitems`."""
    return server


def _asked(server: ServerHost, path: str) -> Any:
    python = f"{server.deployed.layout.current}/bin/python"
    url = f"http://127.0.0.1:{PORT}/api/v1/{path}"
    return json.loads(server.sh(join([python, "-c", _ASK, url])))["data"]


def test_prometheus_scrapes_service_and_web_process(prometheus: ServerHost) -> None:
    def scraped() -> bool:
        targets = _asked(prometheus, "targets")["activeTargets"]
        found = {target["labels"]["job"]: target["health"] for target in targets}
        return found == {"thoughtstream-service": "up", "thoughtstream-web": "up"}

    wait_until(scraped, "both are scraped", most_s=SCRAPED_S, step_s=1)
    (group,) = _asked(prometheus, "rules")["groups"]
    assert {rule["health"] for rule in group["rules"]} <= {"ok", "unknown"}
    assert len(group["rules"]) > 15


def test_prometheus_listens_on_loopback_and_comes_back(prometheus: ServerHost) -> None:
    sockets = prometheus.sh(f"ss -Hltn 'sport = :{PORT}'").splitlines()

    assert [line.split()[3] for line in sockets] == [f"127.0.0.1:{PORT}"]
    assert prometheus.facts.units[PROMETHEUS_UNIT].enabled == "enabled"
