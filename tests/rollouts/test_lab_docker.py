"""Docker inside a host: the way that the runtime `docker` goes."""

from collections.abc import Iterator

import pytest

from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.servers import wait_until

COMPOSE = """
services:
  redis:
    image: redis:8
    command: ["redis-server", "/etc/redis/redis.conf"]
    volumes: ["/etc/redis:/etc/redis:ro", "data:/data"]
    ports: ["127.0.0.1:6379:6379"]
    healthcheck: {test: ["CMD", "redis-cli", "-e", "ping"], interval: 1s, retries: 20}
  python:
    build: {context: ., dockerfile_inline: "FROM python:3.13-slim\\nRUN pip --version"}
    command: ["python", "-c", "import sys; print(sys.version_info[:2]); input()"]
    stdin_open: true
volumes: {data: {}}
"""


@pytest.fixture(scope="module")
def host(lab: Lab) -> Iterator[Host]:
    with lab.host() as host:
        host.exec(
            "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y "
            "--no-install-recommends docker.io docker-cli docker-compose"
        )
        host.load_image("redis", "redis:8")
        host.load_image("python", "python:3.13-slim")
        host.exec("mkdir -p /etc/redis && echo 'appendonly yes' >/etc/redis/redis.conf")
        host.exec(f"cat >compose.yaml <<'END'\n{COMPOSE}END")
        host.exec("docker compose --project-name test up --detach --wait --quiet-pull")
        yield host


def test_redis_is_healthy_and_as_the_official_image_is(host: Host) -> None:
    in_redis = "docker exec test-redis-1"

    assert host.exec(f"{in_redis} redis-cli info server").stdout.count("redis_version:8.0.")
    assert host.exec(f"{in_redis} pwd").stdout == "/data\n"
    assert (
        host.exec(f"{in_redis} stat --format=%u /proc/1 /data/appendonlydir").stdout == "999\n" * 2
    )
    assert host.exec("bash -c '</dev/tcp/127.0.0.1/6379'").returncode == 0


def test_python_image_can_be_built_on(host: Host) -> None:
    assert host.exec("docker logs test-python-1").stdout == "(3, 13)\n"


def test_containers_and_their_data_are_back_after_a_reboot(host: Host) -> None:
    redis = "docker exec test-redis-1 redis-cli"
    host.exec(f"{redis} set kept yes; docker update --restart=always test-redis-1")

    host.reboot()

    wait_until(
        lambda: host.exec(f"{redis} ping", check=False).stdout == "PONG\n", "Redis", most_s=30
    )
    assert host.exec(f"{redis} get kept").stdout == "yes\n"
