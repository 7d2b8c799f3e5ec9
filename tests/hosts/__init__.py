"""Verification: what a deployed host must be, checked against the inventory that it came from.

    uv run pytest tests/hosts --inventory inventories/macmini.py

Nothing here changes a host. The tests take two fixtures (`conftest.py`):

- `target`: a host of the inventory, with its name and its data as pyinfra merges them
  (`tests.hosts.target.Target`);
- `host`: pytest-testinfra's view of that host, over SSH (or here, for `@local`).

Each test runs once for every host of the inventory. Tests that make hosts are in `tests/rollouts`.
"""
