"""Evolving how minds attend: architectures are tried out as minds, and the better ones go on.

Needs the extra `colony`. Start with `colony_run.py`.
"""
