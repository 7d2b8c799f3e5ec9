"""What runs on a host may do no more than it needs, as it is rendered; `hosts/` sees what runs."""

import yaml

from deploy.layout import PROMETHEUS_UNIT, REDIS_UNIT, SERVICE_UNIT, WEB_UNIT
from deploy.runtimes import runtime_of
from deploy.runtimes.docker import Docker
from deploy.runtimes.linux import LinuxNative
from deploy.settings import stack

from .facts import BARE, DEBIAN


def test_all_units_are_as_closed_as_the_services() -> None:
    one = runtime_of(stack(runtime="native", prometheus=True), DEBIAN)
    assert isinstance(one, LinuxNative)

    def closed(unit: str) -> set[str]:
        told = one.job(unit).text.partition("NoNewPrivileges")
        return set(f"{told[1]}{told[2]}".splitlines())

    assert "SystemCallFilter=@system-service" in closed(SERVICE_UNIT)
    assert closed(SERVICE_UNIT) == closed(WEB_UNIT) == closed(PROMETHEUS_UNIT)
    assert closed(SERVICE_UNIT) < closed(REDIS_UNIT)


def test_all_containers_are_closed() -> None:
    one = runtime_of(stack(runtime="docker", docker={"insight": True}), DEBIAN)
    assert isinstance(one, Docker)

    containers = yaml.safe_load(one.compose.file(BARE)[0].text)["services"]

    assert containers.keys() == {"redis", "service", "web", "insight"}
    for name, container in containers.items():
        assert container["cap_drop"] == ["ALL"], name
        assert container["pids_limit"] == 512, name
        assert container["security_opt"] == ["no-new-privileges:true"], name
        # RedisInsight is somebody else's, who says nowhere where it writes.
        assert container.get("read_only", False) == (name != "insight"), name
    redis = containers.pop("redis")
    assert redis["cap_add"] == ["CHOWN", "DAC_OVERRIDE", "SETGID", "SETPCAP", "SETUID"]
    assert not [name for name, container in containers.items() if "cap_add" in container]
