"""Phase 1 on real hosts, over SSH, in each runtime: first time, again, changed, rebooted, gone."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from tests.lab import control
from tests.lab.authority import Authority
from tests.lab.host import Host
from tests.lab.images import Suite
from tests.lab.lab import Lab
from tests.servers import wait_until

from . import keys
from .deployment import Deployment, tls
from .runbook import RUNBOOK, steps

MIB = 1 << 20
SECRETS = "for f in secrets/admin service/password; do cat /etc/thoughtstream/$f; echo; done"
REGISTRY = "localhost:5000"
LATE = "10.99.0.5"
RUNTIMES: list[tuple[Suite, str]] = [
    ("trixie", "native"),
    ("trixie", "docker"),  # for other hosts, too, by TLS
    ("bookworm", "native"),  # Redis 7.0
]


@pytest.fixture(scope="module", params=RUNTIMES, ids=lambda pair: "-".join(pair))
def deployed(
    lab: Lab, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A bare host with the stack put on it, by the only run that makes everything."""
    suite, runtime = request.param
    with lab.host(f"{suite}-{runtime}", suite=suite) as host:
        if runtime == "docker":
            with_docker(host)
            with_registry(host)
        folder = tmp_path_factory.mktemp("stack")
        beside: dict[str, Any] = {"plaintext": True, "prometheus": request.param == RUNTIMES[0]}
        if runtime == "docker":
            image = {"docker": {"image": f"{REGISTRY}/redis:8.2"}}
            beside = tls(Authority(folder / "authority"), host) | image
        deployment = Deployment(host, folder, runtime=runtime, **beside)
        if suite == "bookworm":
            host.exec("sed -i '1i umask 077' /home/admin/.bashrc")
            assert host.ssh("sudo sh -c umask").stdout == "0077\n"
        deployment.remember()
        before = deployment.digest()
        planned = deployment.deploy(dry=True)
        assert deployment.digest() == before
        traps = _traps(deployment)
        done = deployment.deploy()
        assert done.plan == planned.plan
        assert _untouched(deployment, traps)
        yield deployment
        # Here, for tests come in any order, and this is the end.
        if runtime == "docker":
            _moved_to_native(deployment)
        _removed(deployment)
        assert deployment.differs_from_before() == {}


def _moved_to_native(deployment: Deployment) -> None:
    """As the runbook says it, for the other runtime would be an empty mind."""
    native = deployment.but(runtime="native", docker=None)
    before = keys.write(deployment, "moved")
    refused = native.deploy(check=False)
    assert "this host's mind is in 'docker'" in refused.err
    assert "nothing was changed" in refused.err
    host, now, ours = deployment.host, deployment, "uv run pyinfra -y inventories/macmini.py "

    for command in steps("To move a mind"):
        if command.endswith("deploy.stack"):
            now = native
        typed = command.removeprefix(ours).replace("macmini.local", host.name)
        arguments = typed.replace("/backups", f"{now.inventory().parent}/backups").split()
        control.pyinfra(now.inventory(), *arguments)

    assert keys.values(native) == before
    host.reboot()
    native.healthy()
    assert host.exec("pgrep --exact --count redis-server").stdout == "1\n"
    assert host.exec("docker ps --all --quiet").stdout == ""
    assert keys.values(native) == before
    _removed(native)


def _removed(deployment: Deployment) -> None:
    """With its data, by the plan that was shown before."""
    inventory, digest = deployment.inventory(), deployment.digest()

    planned = control.pyinfra(inventory, "deploy.remove", "data=erase")
    assert not planned.changed
    assert deployment.digest() == digest
    named = [f"confirm={deployment.host.name}", "data=erase"]
    assert control.pyinfra(inventory, "deploy.remove", *named).plan == planned.plan


def _traps(deployment: Deployment) -> list[str]:
    """Files of `nobody` in /tmp under every name by which pyinfra would upload one."""
    paths = {*deployment.paths, "/opt/thoughtstream/build/Dockerfile"}
    traps = [f"/tmp/pyinfra-{sha1(path.encode()).hexdigest()}" for path in paths]
    made = f"for f in {' '.join(traps)}; do echo trap >$f && chmod 666 $f; done"
    deployment.host.exec(f"setpriv --reuid=nobody sh -c '{made}'")
    return traps


def _untouched(deployment: Deployment, traps: list[str]) -> bool:
    """Whether they are as they were made; they are removed."""
    all_ = " ".join(traps)
    said = deployment.host.exec(f"cat {all_} | sort | uniq -c; rm {all_}").stdout
    return said.split() == [str(len(traps)), "trap"]


def with_docker(host: Host) -> None:
    """Docker as Debian has it, and the images that a registry would answer with."""
    host.exec(
        "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y "
        "--no-install-recommends docker.io docker-cli docker-compose"
    )
    host.load_image("redis", "redis:8.2")
    host.load_image("python", "python:3.13-slim")


def with_registry(host: Host) -> None:
    """A registry that answers for Redis's image, which the host then hasn't any more."""
    host.exec(
        "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        "docker-registry curl && "
        "sed -i '/^auth:/,/htpasswd$/d' /etc/docker/registry/config.yml && "
        "systemctl restart docker-registry"
    )
    answers = f"curl --silent --fail {REGISTRY}/v2/"
    wait_until(lambda: host.exec(answers, check=False).returncode == 0, "the registry answers")
    image = f"{REGISTRY}/redis:8.2"
    host.exec(f"docker tag redis:8.2 {image} && docker push {image}")
    host.exec(f"docker image rm redis:8.2 {image}")


def test_again_changes_nothing(deployed: Deployment) -> None:
    deployed.as_usual()

    again = deployed.deploy()

    totals = again.report["results"]["totals"]
    assert (totals["success"], totals["error"]) == (0, 0)


def test_the_same_inventory_verifies_the_host(deployed: Deployment) -> None:
    deployed.as_usual()

    verified = control.verify(deployed.inventory())

    assert " passed" in verified.out
    assert "skipped" not in verified.out


def test_more_memory_is_taken_live(deployed: Deployment) -> None:
    deployed.as_usual()
    run_id = deployed.run_id()

    done = deployed.deploy(maxmemory="640mb")

    assert deployed.redis("config", "get", "maxmemory").split()[1] == str(640 * MIB)
    assert deployed.run_id() == run_id
    assert not [step for step in done.plan if "restart " in step]
    assert not deployed.deploy(maxmemory="640mb").changed


def test_more_threads_restart_once(deployed: Deployment) -> None:
    deployed.as_usual()
    run_id = deployed.run_id()
    kept = deployed.write(200)

    planned = deployed.deploy(io_threads=2, dry=True).plan
    assert deployed.run_id() == run_id
    assert len([step for step in planned if "io-threads 1 -> 2" in step]) == 1
    with _starts(deployed) as starts:
        deployed.deploy(io_threads=2)

        assert deployed.redis("config", "get", "io-threads").split()[1] == "2"
        assert deployed.run_id() != run_id
        assert starts() == 1
    assert deployed.wrong(kept) == []
    deployed.forget(kept)
    assert not deployed.deploy(io_threads=2).changed


def test_another_port_of_the_page_restarts_it_and_who_scrapes_it(deployed: Deployment) -> None:
    deployed.as_usual()

    done = deployed.deploy(web={"port": 8710})

    restarts = [step.partition(" (")[0] for step in done.plan if step.startswith("restart ")]
    docker = deployed.settings["runtime"] == "docker"
    scrapes = ["restart thoughtstream-prometheus"] if deployed.settings.get("prometheus") else []
    web = "restart container web" if docker else "restart thoughtstream-web"
    assert restarts == [web, *scrapes]
    assert deployed.host.exec("ss -Hltn 'sport = :8700'").stdout == ""
    assert "127.0.0.1:8710" in deployed.host.exec("ss -Hltn 'sport = :8710'").stdout


@contextmanager
def _starts(deployed: Deployment) -> Iterator[Callable[[], int]]:
    """Gives what counts how often Redis was started on this host since."""
    host, since = deployed.host, deployed.host.exec("date +%s").stdout.strip()
    if deployed.settings["runtime"] != "docker":
        journal = f"journalctl --since @{since} --output cat --unit thoughtstream-redis"
        yield lambda: host.exec(journal).stdout.count("Ready to accept connections")
        return
    # Followed: of the past, Docker knows 256 events, and each look at its health is three of them.
    only = "--filter container=thoughtstream-redis --filter event=start"
    said = "/root/starts"
    pid = host.exec(f"docker events --since {since} {only} >{said} 2>&1 & echo $!").stdout.strip()
    yield lambda: len(host.exec(f"cat {said}").stdout.splitlines())
    host.exec(f"kill {pid}; rm {said}")


def test_a_dry_run_tells_live_from_restart_and_changes_nothing(deployed: Deployment) -> None:
    deployed.as_usual()
    before = deployed.digest()
    run_id = deployed.run_id()

    live = deployed.deploy(dry=True, maxmemory="700mb").plan
    restart = deployed.deploy(dry=True, io_threads=4).plan

    assert live[0] == f"apply live, no restart: maxmemory {512 * MIB} -> 700mb"
    assert not any("restart " in step for step in live)
    assert sum("restart" in step and "io-threads" in step for step in restart) == 1
    assert not any("apply live" in step for step in restart)
    assert (deployed.digest(), deployed.run_id()) == (before, run_id)


def test_what_somebody_changed_is_put_right(deployed: Deployment) -> None:
    deployed.as_usual()
    run_id = deployed.run_id()
    deployed.redis("config", "set", "maxmemory-policy", "allkeys-lru")
    deployed.redis("acl", "setuser", "default", "on", "nopass", "+@all", "~*")
    deployed.host.exec("echo '# mine' >>/etc/thoughtstream/redis/redis.conf")

    done = deployed.deploy()

    assert done.changed
    assert deployed.redis("config", "get", "maxmemory-policy").split()[1] == "volatile-lru"
    assert "user default off" in deployed.redis("acl", "list")
    assert deployed.run_id() == run_id
    assert not deployed.deploy().changed
    # Who knocked while the default user was open was refused, and doctor would go on saying so.
    deployed.redis("config", "resetstat")


def test_a_password_that_was_lost_is_made_anew_and_no_key_is_lost(deployed: Deployment) -> None:
    deployed.as_usual()
    kept = deployed.write(200)
    deployed.host.exec("rm /etc/thoughtstream/secrets/admin")

    done = deployed.deploy()

    assert any("(it doesn't answer its admin)" in step for step in done.plan)
    assert deployed.wrong(kept) == []
    deployed.forget(kept)
    assert not deployed.deploy().changed


def test_no_password_is_ever_printed(deployed: Deployment) -> None:
    deployed.deploy(maxmemory="600mb")
    deployed.deploy()
    etc = "/etc/thoughtstream"
    files = f"{etc}/secrets/admin {etc}/service/password {etc}/web/password"
    secrets = deployed.host.exec(f"for f in {files}; do cat $f; echo; done").stdout.split()

    assert [len(secret) for secret in secrets] == [64, 64, 64]
    assert deployed.said
    assert [secret for secret in secrets if secret in deployed.said] == []


def test_redis_can_be_asked_by_hand_as_the_runbook_says(deployed: Deployment) -> None:
    deployed.as_usual()
    docker = deployed.settings["runtime"] == "docker"
    lines = [line for line in RUNBOOK.read_text().splitlines() if line.startswith("sudo sh -c")]
    (command,) = (line for line in lines if ("docker exec" in line) == docker)
    if "tls" in deployed.settings:
        command = command.replace("redis-cli", "redis-cli --tls --insecure")

    assert "used_memory:" in deployed.host.ssh(command).stdout


def test_everything_is_back_after_a_reboot(deployed: Deployment) -> None:
    deployed.as_usual()
    run_id = deployed.run_id()
    kept = deployed.write(500)
    assert len(kept) == 500

    deployed.host.reboot()
    deployed.healthy()

    assert deployed.run_id() != run_id
    assert deployed.wrong(kept) == []
    deployed.forget(kept)
    assert not deployed.deploy().changed
    control.verify(deployed.inventory(), "-k", "come_back or running or taken or recalled")


def test_an_address_that_comes_late_is_listened_on(deployed: Deployment) -> None:
    host, docker = deployed.host, deployed.settings["runtime"] == "docker"
    host.exec(f"ip address add {LATE}/32 dev lo")
    deployed.deploy(bind=["127.0.0.1", LATE])
    kept = deployed.write(200)
    host.exec(f"ip address delete {LATE}/32 dev lo")
    if docker:  # which tries once
        host.exec("systemctl restart docker")
    else:
        host.exec("systemctl restart --no-block thoughtstream-redis")
        tries = "systemctl show --property NRestarts --value thoughtstream-redis"
        wait_until(lambda: int(host.exec(tries).stdout) > 5, "it has tried", most_s=60, step_s=0.2)

    host.exec(f"ip address add {LATE}/32 dev lo")

    deployed.healthy()
    host.exec(f"bash -c 'exec 3<>/dev/tcp/{LATE}/6379'")
    assert deployed.wrong(kept) == []
    deployed.forget(kept)
    assert not deployed.deploy(bind=["127.0.0.1", LATE]).changed
    host.exec(f"ip address delete {LATE}/32 dev lo")


def test_a_backup_is_put_back_by_value(deployed: Deployment, tmp_path: Path) -> None:
    deployed.as_usual()
    inventory = deployed.inventory()
    first = keys.write(deployed, "first")
    moment = keys.next_second(deployed)
    both = keys.write(deployed, "both")
    control.pyinfra(inventory, "deploy.backup", f"to={tmp_path}")
    deployed.redis("del", "proof:first:hash")
    deployed.redis("set", "proof:both:1", "is another")

    put_back = ["deploy.restore", f"from_={tmp_path}/{deployed.host.name}", "replace=yes"]
    control.pyinfra(inventory, *put_back)
    assert keys.values(deployed) == both

    control.pyinfra(inventory, *put_back, f"point_in_time={moment}")
    assert keys.values(deployed) == first
    deployed.healthy()
    assert not deployed.deploy().changed  # also of rewrites, which were off for a moment
    deployed.forget(set(first))


def test_new_passwords_and_a_restart_lose_nothing(deployed: Deployment) -> None:
    deployed.as_usual()
    inventory, run_id, kept = deployed.inventory(), deployed.run_id(), deployed.write(200)
    old = deployed.host.exec(SECRETS).stdout.split()

    control.pyinfra(inventory, "deploy.rotate_secrets")
    assert deployed.run_id() == run_id
    assert not set(old) & set(deployed.host.exec(SECRETS).stdout.split())
    deployed.healthy()

    done = control.pyinfra(inventory, "deploy.restart")
    assert "Redis was away for " in done.err
    assert deployed.run_id() != run_id
    assert deployed.wrong(kept) == []
    deployed.forget(kept)
    told = control.pyinfra(inventory, "deploy.status")
    (status,) = json.loads(told.out)
    assert (status["health"], status["differs"], status["problems"]) == ("healthy", 0, [])
    if deployed.settings["runtime"] == "docker":
        redis, python = status["images"]
        assert re.fullmatch(f"{REGISTRY}/redis:8.2@sha256:[0-9a-f]{{64}}", redis)
        assert python == "python:3.13-slim"  # no registry has it
