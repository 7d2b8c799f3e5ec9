"""A Redis Cluster over several hosts: what it should look like, and what it looks like now."""
