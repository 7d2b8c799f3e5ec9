"""The host is what the inventory says: nothing drifted, all healthy, and back after a boot."""

import json
from importlib.metadata import version

from deploy.facts.docker import DockerState
from deploy.layout import THP_UNIT
from deploy.runtimes.docker import Docker
from tests.servers import wait_until
from thoughtstream.versions import OLDEST

from .deployed_host import DeployedHost, ServerHost


def test_the_deployment_would_change_nothing(deployed_host: DeployedHost) -> None:
    facts = deployed_host.facts()

    assert list(deployed_host.runtime.problems(facts)) == []
    assert [str(step) for step in deployed_host.runtime.plan(facts) if step.changes] == []


def test_the_host_says_where_its_mind_is(server: ServerHost) -> None:
    (claim,) = server.facts().claims

    assert claim.inventory
    assert claim == server.deployed.claim(claim.inventory)


def test_versions(server: ServerHost) -> None:
    running = [server.redis(each).number for each in server.servers]
    services = server.thoughtstream("status")["services"]

    assert all(number >= OLDEST for number in running), running
    assert {service["version"] for service in services} == {version("thoughtstream")}


def test_service_and_redis_are_healthy(deployed_host: DeployedHost) -> None:
    found = deployed_host.thoughtstream("status")

    assert found["service"]["alive"]
    assert found["redis"]["url"]


def test_units_or_containers_run_and_come_back(server: ServerHost) -> None:
    if isinstance(server.deployed, Docker):
        wait_until(lambda: not _starting(server), "Docker has looked", most_s=60, step_s=1)
        assert _containers(server, server.facts().docker) == dict.fromkeys(
            server.deployed.containers.values(), ("running", "healthy", "unless-stopped")
        )
        return
    facts = server.facts()
    units = (*server.deployed.specs, *server.deployed.own_units)
    assert {name: facts.units[name].active for name in units} == dict.fromkeys(units, "active")
    if server.machine.systemd:
        enabled = {name: facts.units[name].enabled for name in units}
        assert enabled == dict.fromkeys(units, "enabled")
        assert facts.units["redis-server"].active == "inactive"


def _starting(server: ServerHost) -> bool:
    """Whether Docker hasn't looked yet at one just started: it does so every few seconds."""
    docker = server.facts().docker
    assert docker is not None
    return any(state.health == "starting" for state in docker.containers.values())


def _containers(server: ServerHost, docker: DockerState | None) -> dict[str, tuple[str, ...]]:
    assert docker is not None
    found: dict[str, tuple[str, ...]] = {}
    for name, state in docker.containers.items():
        inspected = json.loads(server.sh(f"docker container inspect {name}"))
        policy = inspected[0]["HostConfig"]["RestartPolicy"]["Name"]
        found[name] = (state.status, state.health or "", policy)
    return found


def test_kernel_is_tuned_where_it_lets_itself(server: ServerHost) -> None:
    machine = server.machine
    if machine.tunable:
        assert machine.overcommit == 1
        assert (machine.somaxconn or 0) >= server.stack.redis.tcp_backlog
    if machine.thp_tunable and machine.systemd:
        assert "[never]" in (machine.thp or "")
        assert server.facts().units[THP_UNIT].enabled == "enabled"
