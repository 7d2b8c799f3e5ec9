"""A Redis Cluster: name its hosts here, or in THOUGHTSTREAM_HOSTS, each with the private address at
which the others reach it (`node1.local=10.0.0.1 node2.local=10.0.0.2 …`). The login and its key
come from your SSH configuration (~/.ssh/config, or the file that THOUGHTSTREAM_SSH_CONFIG names).
"""

import os

from deploy.settings import stack

HOSTS = os.environ.get(
    "THOUGHTSTREAM_HOSTS", "node1.local=10.0.0.1 node2.local=10.0.0.2 node3.local=10.0.0.3"
)
SSH_CONFIG = os.environ.get("THOUGHTSTREAM_SSH_CONFIG")

wanted = stack(
    runtime="native",  # or "docker": the same in containers on the host's network
    redis={"maxmemory": "512mb"},  # per node
    # The page is on each host's loopback; web={"enabled": False} does without it.
    cluster={"nodes": 2, "replicas": 1},  # nodes per host; replicas per shard, on other hosts
)

hosts = [
    (
        name,
        ({"ssh_config_file": SSH_CONFIG} if SSH_CONFIG else {})
        | {"_sudo": True, "address": address, "stack": wanted},
    )
    for name, _, address in (entry.partition("=") for entry in HOSTS.split())
]
