"""Nodes that join, follow, are forgotten and leave: each done once, and waited for."""

from deploy.cluster.health import MAX_LAG
from deploy.cluster.nodes import ClusterError, Nodes, wait
from deploy.cluster.state import ClusterView
from deploy.cluster.topology import Node


def meet(nodes: Nodes, node: Node, known: Node) -> bool:
    """Lets an empty node join, until all know it.

    Raises:
        ClusterError: it has data or another cluster.
    """
    view = nodes.view()
    if view.knows(known, node):
        return False
    if not view[node].is_new:
        raise ClusterError(
            f"{node} isn't empty: it knows {len(view[node].members) - 1} other nodes and has "
            f"{view[node].keys} keys; if they are of no use, CLUSTER RESET HARD there (FLUSHALL "
            "before, if it is a master), and run again"
        )
    nodes.ask(node, "cluster", "meet", known.address, str(known.port))
    wait(nodes, lambda now: _unknown(now, node), f"all nodes know {node}")
    return True


def replicate(nodes: Nodes, node: Node, master: Node) -> bool:
    """Makes a node the replica of a master, until it has all that the master has."""
    view = nodes.view()
    if view.master_of(node) != master:
        if view[node].slots:
            raise ClusterError(f"{node} still serves {len(view[node].slots)} slots; run again")
        nodes.ask(node, "cluster", "replicate", view[master].id)
    elif not _behind(view, node, master):
        return False
    wait(nodes, lambda now: _behind(now, node, master), f"{node} follows {master}")
    return True


def forget(nodes: Nodes, node_id: str) -> bool:
    """Lets all nodes forget one, before they can tell each other of it again (60 s)."""
    knowing = _knowing(nodes.view(), node_id)
    for node in knowing:
        nodes.ask(node, "cluster", "forget", node_id)
    wait(
        nodes,
        lambda now: [f"{node} knows it" for node in _knowing(now, node_id)],
        f"all have forgotten {node_id}; run again",
    )
    return bool(knowing)


def reset(nodes: Nodes, node: Node) -> bool:
    """Empties a node that has left, gives it another id, and closes its clients' connections: who
    was idle meanwhile takes it for a member still.
    """
    if nodes.view()[node].is_new:
        return False
    nodes.ask(node, "cluster", "reset", "hard")
    wait(nodes, lambda now: [] if now[node].is_new else [f"{node} isn't empty"], "it is reset")
    nodes.ask(node, "client", "kill", "type", "normal")
    return True


def _knowing(view: ClusterView, node_id: str) -> list[Node]:
    return [
        node
        for node, found in view.present.items()
        if found.id != node_id and any(member.id == node_id for member in found.members)
    ]


def _unknown(view: ClusterView, new: Node) -> list[str]:
    """Who of its cluster doesn't know the new node, or is known to it only by hearsay."""
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
