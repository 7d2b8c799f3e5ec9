"""A cluster in containers on the hosts' own network, with TLS between all of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.cluster.health import problems
from tests.lab import control
from tests.lab.authority import Authority
from tests.lab.lab import Lab
from tests.servers import wait_until

from .clusters import SETTINGS, Cluster
from .test_stack import with_docker

SERVED = "echo | openssl s_client -connect {endpoint} 2>/dev/null | openssl x509 -noout -serial"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture(scope="module")
def cluster(
    lab: Lab, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    hosts = lab.hosts("d1", "d2", "d3")
    with ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(with_docker, hosts))
    for host in hosts:
        authority.certify(host.name, host.ip)
    tls = {"ca": str(authority.ca), "certificates": str(authority.folder)}
    settings = SETTINGS | {"runtime": "docker", "tls": tls}
    cluster = Cluster(hosts, tmp_path_factory.mktemp("tls"), settings)
    cluster.run()
    yield cluster
    lab.remove(*hosts)


def serials(cluster: Cluster) -> list[str]:
    """The certificate that each node serves, as another host sees it."""
    first = cluster.hosts[0]
    return [first.exec(SERVED.format(endpoint=n.endpoint)).stdout for n in cluster.nodes]


def test_it_is_well_verified_and_left_alone(cluster: Cluster) -> None:
    assert problems(cluster.view(), 1) == []

    verified = control.verify(cluster.inventory())

    assert " passed" in verified.out
    assert "skipped" not in verified.out
    assert not cluster.run().changed
    metrics = cluster.hosts[0].exec("thoughtstream metrics").stdout
    assert metrics.count("\nthoughtstream_certificate_expires_timestamp_seconds{") == 6


def test_nobody_gets_in_without_tls(cluster: Cluster) -> None:
    first, node = cluster.hosts[0], cluster.nodes[-1]
    ask = f"docker exec thoughtstream-redis-7001 redis-cli -h {node.address} -p {node.port}"

    assert "NOAUTH" in first.exec(f"{ask} --tls --insecure ping 2>&1", check=False).stdout
    plain = first.exec(f"{ask} ping 2>&1", check=False).stdout
    assert "NOAUTH" not in plain and "PONG" not in plain


def test_nodes_start_before_their_address_is_there(cluster: Cluster) -> None:
    host = cluster.hosts[-1]
    host.disconnect()
    try:
        host.exec("systemctl restart docker")
        ping = "docker exec thoughtstream-redis-7001 redis-cli -p 7001 --tls --insecure ping"
        wait_until(lambda: "NOAUTH" in host.exec(f"{ping} 2>&1", check=False).stdout, "it runs")
    finally:
        host.connect()

    wait_until(lambda: problems(cluster.view(), 1) == [], "it is well again", most_s=60)


def test_certificates_change_while_the_cluster_works(
    cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    before = serials(cluster)
    started = cluster.starts()
    for host in cluster.hosts:
        authority.certify(host.name, host.ip)
    another = Authority(tmp_path / "another").ca.read_text()
    authority.ca.write_text(authority.ca.read_text() + another)  # as before the first one goes

    cluster.run()

    after = serials(cluster)
    assert all(one.startswith("serial=") for one in after)
    assert not set(before) & set(after)
    assert cluster.starts() == started
    assert problems(cluster.view(), 1) == []
    assert not cluster.run().changed
