"""conversion: converted over exposed users (or requests)."""

import math

from sim.metrics.metric import Metric
from sim.metrics.window import Window


def conversion(window: Window) -> float:
    """Return the share that converted of the users (requests) that reached the versions; nan when none did."""
    exposed, converted = window.exposed
    return converted / exposed if exposed else math.nan


def exposed_units(window: Window) -> float:
    """Return how many users (requests) reached the versions in the window."""
    return window.exposed[0]


METRIC = Metric(
    "conversion", "share, 0 to 1", "first ok answer of each exposed user", "share", conversion, exposed_units
)
