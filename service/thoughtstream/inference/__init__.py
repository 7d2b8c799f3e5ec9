"""Inference, as mathematics: beliefs, priors, mixtures and choices; evolution, basins, flow and the
index of how far seeds act as one. Pure functions of numpy arrays.

Nothing here reads or writes anything. What agents keep of it in Redis is in `learning/`.

Needs numpy, the extra `colony`.
"""

from importlib.util import find_spec

from thoughtstream.errors import ConfigError

if find_spec("numpy") is None:
    raise ConfigError("inference: needs numpy; install 'thoughtstream[colony]'")
