"""What a measurement means: JUDGES by name, and Argo's arithmetic from measurement to metric to run. All pure."""

from collections.abc import Callable, Mapping
from typing import Any

from sim.judges import difference, kayenta, threshold

JUDGES: Mapping[str, Callable[..., Any]] = {
    "threshold": threshold.judge,
    "difference": difference.judge,
    "kayenta": kayenta.judge,
}
