"""What can be measured over a window: METRICS, one file each. Pure functions; no data is nan, never healthy."""

from collections.abc import Mapping

from sim.metrics import conversion, error_rate, latency_p50, latency_p99, saturation
from sim.metrics.metric import Metric

METRICS: Mapping[str, Metric] = {
    module.METRIC.name: module.METRIC for module in (error_rate, latency_p50, latency_p99, conversion, saturation)
}
