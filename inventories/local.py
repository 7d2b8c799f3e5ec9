"""This machine: a mind of your own in your home directory. No root, no Docker, no Redis needed."""

from deploy.settings import stack

hosts = [("@local", {"stack": stack(runtime="embedded")})]
