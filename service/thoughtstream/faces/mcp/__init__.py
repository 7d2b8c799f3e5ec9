"""The Model Context Protocol: a mind, and a bus between agents, as tools that any agent can call.

Nothing of the SDK is imported before `server`, `stdio` or `http` is.
"""
