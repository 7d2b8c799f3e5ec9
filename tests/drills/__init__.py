"""Drills: everything at once, for as long as you like, and then an account of all of it.

One kit for all: `clients`, processes that can be killed, do some work, as in `writers` and
`people`, and note in a `book` what they were promised. `chaos` breaks pools of services and
clients, and Redis as in `outages`. `findings` tells which promises were broken. A drill brings its
own work, moves and account: `conservation` of one server, by its append-only file; `cluster`;
`rollouts`, on hosts.
"""
