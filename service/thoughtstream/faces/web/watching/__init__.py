"""The event stream: what happens in a mind, in many, or in Redis, told to any number of readers.

What is watched is a `Channel`: it looks once for all of its readers, encodes each event once, and
costs nothing while nobody reads it. A `Reader` that is slow loses its own oldest events, is told
so, and holds up nobody. `Watching` has them all; `Events` is what an ASGI application mounts.
"""
