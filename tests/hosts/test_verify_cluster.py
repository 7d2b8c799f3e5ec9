"""The nodes of the inventory form the cluster that it describes, as each host sees it."""

from deploy.cluster.health import problems
from deploy.cluster.state import SLOTS, ClusterView, NodeView
from deploy.cluster.topology import Node
from deploy.facts.cluster import NodesFact

from .deployed_host import ServerHost


def _own(node: ServerHost) -> dict[Node, NodeView]:
    """The views of this host's nodes."""
    found = node.read(NodesFact, node.deployed.nodes)
    views = {each: found[str(each)] for each in node.deployed.nodes}
    assert all(views.values()), views
    return {each: view for each, view in views.items() if view}


def test_all_nodes_are_there_and_healthy(node: ServerHost) -> None:
    cluster = node.stack.cluster
    assert cluster is not None
    for each, view in _own(node).items():
        assert problems(ClusterView({each: view}), 0) in ([], [_elsewhere(each)]), each
        assert view.state == "ok"
        assert view.slots_ok == SLOTS
        assert {member.endpoint for member in view.members} == {
            other.endpoint for other in node.nodes
        }


def _elsewhere(each: Node) -> str:
    """What is reported about a replica whose master, on another host, wasn't asked."""
    return f"{each} is a replica of a node that isn't in the inventory or doesn't answer"


def test_every_shard_has_its_replicas_on_other_hosts(node: ServerHost) -> None:
    cluster = node.stack.cluster
    assert cluster is not None
    hosts = {other.endpoint: other.host for other in node.nodes}
    for view in _own(node).values():
        by_id = {member.id: hosts[member.endpoint] for member in view.members}
        masters = [member for member in view.members if member.slots]
        assert len(masters) == len(hosts) // (cluster.replicas + 1)
        for master in masters:
            followers = [m for m in view.members if m.master_id == master.id]
            on = {by_id[each.id] for each in (master, *followers)}
            assert len(on) == len(followers) + 1 == cluster.replicas + 1


def test_replicas_are_linked(node: ServerHost) -> None:
    for each, view in _own(node).items():
        assert view.is_master or view.link_up, each


def test_masterauth_is_that_of_the_replica_user(node: ServerHost) -> None:
    secrets = node.facts.secrets

    for server in node.servers:
        assert node.redis(server).masterauth == secrets["replica"], server.spec.unit
