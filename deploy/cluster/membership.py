"""Membership: nodes join, replicate, are forgotten and reset. Each call waits until it is done."""

from deploy.cluster.health import MAX_LAG
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node


def meet(nodes: Nodes, node: Node, known: Node) -> bool:
    """Lets an empty node join, and waits until all nodes know it.

    Raises:
        ClusterError: it holds data, or belongs to another cluster.
    """
    view = nodes.view()
    if view.knows(known, node):
        return False
    if not view[node].is_new:
        raise ClusterError(
            f"{node} isn't empty: it knows {len(view[node].members) - 1} other nodes and holds "
            f"{view[node].keys} keys; if you don't need them, run CLUSTER RESET HARD there (on a "
            "master FLUSHALL first), and run again"
        )
    nodes.ask(node, "cluster", "meet", known.address, str(known.port))
    wait(nodes, lambda now: _unknown(now, node), f"{node} did not join")
    return True


def replicate(nodes: Nodes, node: Node, master: Node) -> bool:
    """Makes a node a replica of a master, and waits until it is in sync."""
    view = nodes.view()
    if view.master_of(node) != master:
        if view[node].slots:
            raise ClusterError(f"{node} still serves {len(view[node].slots)} slots; run again")
        nodes.ask(node, "cluster", "replicate", view[master].id)
    elif not _behind(view, node, master):
        return False
    wait(
        nodes,
        lambda now: _behind(now, node, master),
        f"{node} did not become a replica of {master}",
    )
    return True


def forget(nodes: Nodes, node_id: str) -> bool:
    """Lets all nodes forget one, faster than they tell each other about it again (60 s)."""
    knowing = _knowing(nodes.view(), node_id)
    for node in knowing:
        nodes.ask(node, "cluster", "forget", node_id)
    wait(
        nodes,
        lambda now: [f"{node} still knows it" for node in _knowing(now, node_id)],
        f"the nodes did not all forget {node_id}",
        "run again",
    )
    return bool(knowing)


def reset(nodes: Nodes, node: Node) -> bool:
    """Empties a node that has left, gives it a new id, and closes its clients' connections: an idle
    client still takes it for a member.
    """
    if nodes.view()[node].is_new:
        return False
    nodes.ask(node, "cluster", "reset", "hard")
    wait(
        nodes,
        lambda now: [] if now[node].is_new else [f"{node} isn't empty"],
        f"{node} was not reset",
    )
    nodes.ask(node, "client", "kill", "type", "normal")
    return True


def _knowing(view: ClusterView, node_id: str) -> list[Node]:
    return [
        node
        for node, found in view.present.items()
        if found.id != node_id and any(member.id == node_id for member in found.members)
    ]


def _unknown(view: ClusterView, new: Node) -> list[str]:
    """Which members don't know the new node yet, or which of them it hasn't reached yet."""
    ids = {member.id for member in view[new].members}
    lines = [f"{new} sees {m.endpoint} as {m.lost}" for m in view[new].members if m.lost]
    for node, found in view.present.items():
        mine = next((member for member in found.members if member.id == view[new].id), None)
        if not found.is_new and (mine is None or mine.lost or found.id not in ids):
            lines.append(f"{node} doesn't know {new} yet")
    return lines


def _behind(view: ClusterView, node: Node, master: Node) -> list[str]:
    if view.master_of(node) != master:
        return [f"{node} isn't a replica of {master} yet"]
    if not view[node].link_up:
        return [f"{node} isn't in sync with {master} yet"]
    behind = view[master].offset - view[node].offset
    return [f"{node} is {behind} bytes behind {master}"] if behind > MAX_LAG else []
