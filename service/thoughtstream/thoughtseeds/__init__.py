"""The loop of thoughtseeds: packets, routing, competition, index, state.

Needs the extra `colony`. Start with `loop.py`.
"""
