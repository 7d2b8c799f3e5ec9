"""How often a property is tried that takes a mind on a real server each time."""

from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings

many = hypothesis_settings(
    max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
