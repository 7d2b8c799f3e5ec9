"""The keys of a cluster that changes."""

from deploy.cluster.topology import Node
from tests.deploy.processes import Processes

KEYS = {f"key:{number}": str(number).encode() for number in range(300)}


def write_keys(nodes: Processes) -> None:
    """Write all of them."""
    with nodes.cluster.client() as client:
        for name, value in KEYS.items():
            client.set(name, value)


def all_there(nodes: Processes) -> bool:
    """Whether each is there, by value."""
    with nodes.cluster.client() as client:
        return all(client.get(name) == value for name, value in KEYS.items())


def slot_with_keys(nodes: Processes, master: Node) -> int:
    """A slot of a master that has some of them."""
    with nodes.cluster.client() as client:
        found = nodes.view()[master].slots
        return next(int(slot) for slot in map(client.keyslot, KEYS) if slot in found)
