"""A Redis Cluster over several hosts: what it should be, what it is, and what changes it."""
