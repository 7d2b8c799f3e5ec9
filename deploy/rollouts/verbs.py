"""The verbs that change a cluster: each plans a Rollout, in a file of its own."""

from deploy.rollouts.add_node import add_node
from deploy.rollouts.failover_drill import failover_drill
from deploy.rollouts.rebalance import rebalance
from deploy.rollouts.remove_node import remove_node
from deploy.rollouts.replace_node import replace_node
from deploy.rollouts.restart import restart
from deploy.rollouts.rotate_secrets import rotate_secrets
from deploy.rollouts.upgrade import upgrade

__all__ = [
    "add_node",
    "failover_drill",
    "rebalance",
    "remove_node",
    "replace_node",
    "restart",
    "rotate_secrets",
    "upgrade",
]
