"""Backups: taken from running servers, checked by loading them, kept off the host, and put back.

`places` says where a server's data are and how commands reach them, `scripts` and `on_host` what
runs there, `wire` carries bytes, `shelf` keeps backups on the control machine, `checks` says what
would fail. `verbs` plans for one server, `clusters` for many; `steps` are carried out by
`operations` and `putting_back`.
"""
