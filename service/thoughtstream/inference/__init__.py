"""Inference: pure mathematics in numpy. It reads nothing, writes nothing and knows no Redis.

Needs the extra `colony`.
"""
