"""Backups: taken from running servers, checked by loading them, kept off the host, and put back.

`places` says where a server's data are and how commands reach them, `scripts` and `on_host` what
runs there, `wire` carries bytes, `shelf` keeps backups on the control machine, `steps` and
`operations` are a run's. The verbs: `save` and `restore`.
"""
