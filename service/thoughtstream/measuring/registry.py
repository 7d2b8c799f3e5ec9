"""Every metric there is."""

from thoughtstream.measuring.metric import Metric
from thoughtstream.measuring.redis import REDIS
from thoughtstream.measuring.service import SERVICE
from thoughtstream.measuring.web import WEB

METRICS: tuple[Metric, ...] = (*SERVICE, *REDIS, *WEB)

SERIES = {name: metric for metric in METRICS for name in metric.series_names}
"""The metric of each name that an expression may ask for."""
