"""redis-py as `deploy/README.md` shows it to users."""

from typing import Any

from redis.cluster import ClusterNode, RedisCluster


class Cluster(RedisCluster):
    """redis-py (8.1) raises AttributeError when it is sent (ASK) to a node it has not heard of."""

    def get_node(self, host: Any = None, port: Any = None, node_name: Any = None) -> Any:
        known = super().get_node(host, port, node_name)  # type: ignore[no-untyped-call]
        if known or not node_name:
            return known
        host, _, port = node_name.rpartition(":")
        new = ClusterNode(host, int(port), "primary")  # type: ignore[no-untyped-call]
        return self.nodes_manager.nodes_cache.setdefault(node_name, new)
