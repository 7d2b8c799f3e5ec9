"""Prometheus beside a service: what it is told to scrape, and when it is there."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.facts.files import PathState
from deploy.facts.gather import Facts
from deploy.facts.units import Listener
from deploy.layout import PROMETHEUS_UNIT
from deploy.runtimes import runtime_of
from deploy.runtimes.linux import LinuxNative
from deploy.runtimes.prometheus import PORT, PROGRAM
from deploy.settings import stack

from .facts import BARE, BARE_MAC, DEBIAN, MAC, deployed

THERE = PathState("-", ("root", "0"), ("root", "0"), 0o755)


def runtime(**settings: Any) -> LinuxNative:
    one = runtime_of(stack(runtime="native", **({"prometheus": True} | settings)), DEBIAN)
    assert isinstance(one, LinuxNative)
    return one


def settled() -> Facts:
    one = runtime()
    assert one.prometheus
    facts = deployed(one, BARE)
    made = dict.fromkeys((PROGRAM, one.prometheus.token), THERE)
    return replace(facts, paths=facts.paths | made)


def changes(one: LinuxNative, facts: Facts) -> list[str]:
    return [str(step) for step in one.plan(facts) if step.changes]


def test_it_comes_last_with_a_token_of_its_own() -> None:
    etc = "/etc/thoughtstream/prometheus"

    assert changes(runtime(), BARE)[-7:] == [
        "install prometheus",
        f"create directory {etc}",
        f"write {etc}/prometheus.yml",
        f"write {etc}/thoughtstream.rules.yml",
        "make a token for Prometheus",
        f"write /etc/systemd/system/{PROMETHEUS_UNIT}.service",
        f"start {PROMETHEUS_UNIT} (it is not running)",
    ]
    assert changes(runtime(), settled()) == []


def test_another_port_of_the_page_is_scraped_there() -> None:
    found = changes(runtime(web={"port": 8710}), settled())

    assert [step.partition(" (")[0] for step in found if step.startswith("restart")] == [
        "restart thoughtstream-web",
        f"restart {PROMETHEUS_UNIT}",
    ]


def test_one_that_is_not_wanted_is_ended() -> None:
    assert changes(runtime(prometheus=False), settled()) == ["stop Prometheus for good"]
    assert not [step for step in changes(runtime(prometheus=False), BARE) if "rometheus" in step]


@pytest.mark.parametrize("tls", [False, True])
def test_prometheus_takes_its_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: bool
) -> None:
    own = runtime().prometheus
    assert own
    place = "::1", 8700, tls
    monkeypatch.setattr(type(own.web), "place", place)
    for file in own._files:
        text = file.text.replace("/etc/thoughtstream/prometheus", str(tmp_path))
        (tmp_path / Path(file.path).name).write_text(text)
    (tmp_path / "token").write_text("ts_a_b")

    done = subprocess.run(
        ["promtool", "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout
    assert '"[::1]:8700"' in (tmp_path / "prometheus.yml").read_text()


def test_it_is_refused_where_it_can_not_be() -> None:
    taken = replace(BARE, listeners={PORT: Listener(7, "node")})
    mac = runtime_of(stack(runtime="native", prometheus=True), MAC)

    assert list(runtime().problems(taken)) == [
        "prometheus: 9090 is in use by node (process 7); stop it, or leave it out"
    ]
    assert list(mac.problems(BARE_MAC)) == [
        "prometheus: is deployed to Linux only; leave it out, and install it yourself"
    ]
