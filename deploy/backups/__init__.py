"""Backups: taken from running servers, verified by loading them, kept off the host, and restored.

Reads facts: `verbs` (one server), `clusters`. Plans, pure: `save_plan`, `restore_plan`, with what
would fail in `checks` and the cut in `point_in_time`. Runs on a host: `append_only_file` (shell),
`scratch_server`, `keyspace` (Python). On this machine: `repository`, `manifest`; between the two,
`transfer`. `save_operations` and `restore_operations` carry out `save_steps` and `restore_steps`.
"""
