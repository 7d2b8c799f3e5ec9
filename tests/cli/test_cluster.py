"""`doctor` and `status` of a cluster: every node, by its name."""

from functools import partial
from pathlib import Path

import pytest

from tests import clusters
from tests.cli.conftest import Terminal
from tests.servers import WHEEL, RedisServer, programs

pytestmark = pytest.mark.slow

OPEN = "default user"
"""What is wrong with every server of a test, which lets in whoever is on this machine."""


def bad(terminal: Terminal) -> dict[tuple[str, str], str]:
    """What is wrong, by node and check."""
    findings = terminal.json("doctor", code=1)["findings"]
    assert all(f["cure"] for f in findings if f["state"] == "bad")
    wrong = [f for f in findings if f["state"] == "bad" and f["check"] != OPEN]
    return {(f["node"], f["check"]): f["found"] for f in wrong}


def measured(terminal: Terminal, name: str) -> dict[str, float]:
    """A metric's value, by node."""
    found = terminal.json("metrics")[f"thoughtstream_redis_{name}"]
    return {one["labels"]["node"]: one["value"] for one in found}


def test_every_node_is_looked_at_and_named(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "nodes").mkdir()
    make = partial(RedisServer, programs()[WHEEL])
    directives = ("maxmemory 64mb", "cluster-node-timeout 1000")
    with clusters.running(tmp_path / "nodes", make, *directives, replicas=1) as cluster:
        terminal.env["REDIS_URL"] = cluster.url
        terminal.up()
        terminal.json("think", "the kettle is on")
        assert bad(terminal) == {}
        findings = terminal.json("doctor", code=1)["findings"]
        names = {f"127.0.0.1:{port}" for port in cluster.servers}
        assert {f["node"] for f in findings} == {"", *names}
        nodes = terminal.json("status")["redis"]["nodes"]
        assert {node["node"] for node in nodes if node["alive"]} == names
        assert sum(node["slots"] for node in nodes) == 16_384

        spread = [f["node"] for f in findings if f["check"] == "memory by domain"]
        assert len(spread) == 3, "of each master"
        sampled = {one["node"] for one in terminal.json("status")["memory"]}
        assert sampled == {f"127.0.0.1:{port}" for port in cluster.masters}

        replicas = {f"127.0.0.1:{cluster.replica_of(port)}" for port in cluster.masters}
        assert set(measured(terminal, "used_bytes")) == names
        assert measured(terminal, "slots_fail") == dict.fromkeys(names, 0)
        assert measured(terminal, "replica_link_up") == dict.fromkeys(replicas, 1)
        assert set(measured(terminal, "replica_lag_bytes")) == replicas

        spoilt, master = cluster.masters[:2]
        dead = cluster.replica_of(master)
        with cluster.servers[spoilt].client() as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
        cluster.servers[dead].kill()
        assert measured(terminal, "replica_link_up")[f"127.0.0.1:{dead}"] == 0
        found = bad(terminal)
        assert found.pop((f"127.0.0.1:{dead}", "node")) == "does not answer"
        assert found.pop(("", "replicas")) == f"no replica for 127.0.0.1:{master}"
        assert "allkeys-lru" in found.pop((f"127.0.0.1:{spoilt}", "eviction policy"))
        assert found == {}
        assert f"127.0.0.1:{dead}" in terminal.call("doctor").stdout
        assert "does not answer" in terminal.call("status").stdout
        terminal.json("down")
