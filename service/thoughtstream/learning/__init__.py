"""What agents learn of quantities and of the worlds in which they choose, kept in Redis.

The mathematics is in `inference/`, and needs numpy: whoever imports this room imports it when it
is used.
"""
