"""The host is what the inventory says: nothing drifted, all healthy, and back after a boot."""

import json
from importlib.metadata import version

from deploy.facts.docker import DockerState
from deploy.layout import THP_UNIT
from deploy.runtimes.addresses import late
from deploy.runtimes.docker import Docker
from tests.servers import wait_until
from thoughtstream.versions import OLDEST

from .deployed_host import DeployedHost, ServerHost


def test_the_deployment_would_change_nothing(deployed_host: DeployedHost) -> None:
    facts = deployed_host.facts

    assert list(deployed_host.runtime.problems(facts)) == []
    assert [str(step) for step in deployed_host.runtime.plan(facts) if step.changes] == []


def test_the_host_says_where_its_mind_is(server: ServerHost) -> None:
    (claim,) = server.facts.claims

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
        assert _containers(server, server.facts_now().docker) == dict.fromkeys(
            server.deployed.containers.values(), ("running", "healthy", "unless-stopped")
        )
        return
    facts = server.facts
    units = (*server.deployed.specs, *server.deployed.own_units)
    assert {name: facts.units[name].active for name in units} == dict.fromkeys(units, "active")
    if server.machine.systemd:
        enabled = {name: facts.units[name].enabled for name in units}
        assert enabled == dict.fromkeys(units, "enabled")
        assert facts.units["redis-server"].active == "inactive"


def test_units_may_do_no_more_than_they_need(server: ServerHost) -> None:
    if not server.machine.systemd or isinstance(server.deployed, Docker):
        return
    for unit in (*server.deployed.specs, *server.deployed.own_units):
        said = server.host.run(f"systemd-analyze security --no-pager --threshold=20 {unit}")
        assert said.rc == 0, said.stdout  # 2.0 of 10


def test_containers_may_do_no_more_than_they_need(server: ServerHost) -> None:
    if not isinstance(server.deployed, Docker):
        return
    for service, container in server.deployed.containers.items():
        (found,) = json.loads(server.sh(f"docker container inspect {container}"))
        given = found["HostConfig"]
        assert given["CapDrop"] == ["ALL"], container
        assert given["PidsLimit"] == 512, container
        assert given["SecurityOpt"] == ["no-new-privileges:true"], container
        assert given["ReadonlyRootfs"] or service == "insight"
        assert service in server.deployed.composed or not given["CapAdd"]


def test_what_runs_in_a_container_has_no_power(server: ServerHost) -> None:
    if not isinstance(server.deployed, Docker):
        return
    for container in server.deployed.containers.values():
        said = server.sh(f"docker exec {container} cat /proc/1/status").splitlines()
        found = dict(line.split(":\t", 1) for line in said if ":\t" in line)
        assert int(found["CapEff"], 16) == 0, container
        assert found["NoNewPrivs"] == "1", container
        assert "0" not in found["Uid"].split(), container


def test_redis_runs_from_the_image_that_the_plan_names(server: ServerHost) -> None:
    docker = server.facts.docker
    if not isinstance(server.deployed, Docker) or docker is None:
        return
    pinned = docker.pinned(server.stack.docker.image)
    wanted = server.sh(f"docker image inspect --format '{{{{.Id}}}}' {pinned}")
    for each in server.servers:
        of = f"docker container inspect --format '{{{{.Image}}}}' {each.spec.unit}"
        assert server.sh(of) == wanted, each.spec.unit


def _starting(server: ServerHost) -> bool:
    """Whether Docker hasn't looked yet at one just started: it does so every few seconds."""
    docker = server.facts_now().docker
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
        if isinstance(server.deployed, Docker):
            bound = [address for each in server.servers for address in each.spec.stack.redis.bind]
            assert late(bound) <= machine.nonlocal_bind
    if machine.thp_tunable and machine.systemd:
        assert "[never]" in (machine.thp or "")
        assert server.facts.units[THP_UNIT].enabled == "enabled"
