"""What a measurement means: JUDGES by name, and Argo's arithmetic from measurement to metric to run. All pure."""

from collections.abc import Callable, Mapping

from sim.judges import threshold
from sim.judges.threshold import Judgement

JUDGES: Mapping[str, Callable[..., Judgement]] = {"threshold": threshold.judge}
