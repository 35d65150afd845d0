"""What a mesh remembers of a pod's failures, and when they are too many, in plain form.

Source: Envoy, outlier_detection_impl.cc. The k-th ejection in a row lasts k times the base, up to a maximum, and ends
at the first tick after that; every tick at which the pod is in use takes one off k.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from sim.engine.protocol import Reason
from sim.spec.mesh import FailurePercentage, OutlierDetection, SuccessRate

Kind = Literal["5xx", "gateway", "local"]
Host = TypeVar("Host")

FIRST_FAILURE = 500  # a 4xx answer is no failure of the pod
GATEWAY_ERRORS = (502, 503, 504)
LOCAL_REASONS = (Reason.TIMEOUT, Reason.RESET, Reason.REFUSED)
"""What the proxy sees itself, without an answer of the pod."""


class Rates(NamedTuple):
    """Mean success rate and the threshold below which a pod is ejected, in percent; -1 when nobody was compared."""

    average: float = -1.0
    threshold: float = -1.0


NO_RATES = Rates()


@dataclass
class Requests:
    """What a pod was asked since the last look, by one origin of failures."""

    total: int = 0
    good: int = 0

    def count(self, is_good: bool) -> None:
        """Count one."""
        self.total += 1
        self.good += is_good

    def success_rate(self) -> float:
        """Return percent; -1 without requests."""
        return self.good * 100 / self.total if self.total else -1.0


@dataclass
class Outlier:
    """What the mesh remembers of a pod.

    in_a_row: failures, by kind. answers, connections: for the rates of external and local origin. success_rate: at the
    last look, in percent. ejections: in a row. return_tick: number of the tick at which the pod came or comes back.
    """

    in_a_row: Counter[Kind] = field(default_factory=Counter)
    answers: Requests = field(default_factory=Requests)
    connections: Requests = field(default_factory=Requests)
    success_rate: float = -1.0
    ejections: int = 0
    is_ejected: bool = False
    return_tick: int = 0
    return_at: float = 0.0

    def eject(self, now: float, rule: OutlierDetection) -> float:
        """Note an ejection; return the moment at which the pod comes back."""
        longest = rule.longest_ejection
        in_use = max(first_tick(now, rule.interval) - 1 - self.return_tick, 0)
        in_a_row = max(self.ejections - in_use, 0)
        if in_a_row * rule.base_ejection_time < longest + rule.base_ejection_time:
            in_a_row += 1
        self.ejections, self.is_ejected = in_a_row, True
        self.return_tick = first_tick(now + min(in_a_row * rule.base_ejection_time, longest), rule.interval)
        self.return_at = self.return_tick * rule.interval
        return self.return_at

    def returns_at(self, now: float) -> bool:
        """True when the pod comes back at this moment; its failures are forgotten."""
        if not self.is_ejected or self.return_at != now:
            return False
        self.is_ejected = False
        self.in_a_row.clear()
        return True


def limit(kind: Kind, rule: OutlierDetection) -> int:
    """Return how many failures of a kind in a row are one too many; 0: there is no such number."""
    return {
        "5xx": rule.consecutive_5xx_errors,
        "gateway": rule.consecutive_gateway_errors,
        "local": rule.consecutive_local_origin_failures,
    }[kind]


def compare(seen: Mapping[Host, Requests], rule: SuccessRate | None) -> tuple[Rates, list[Host]]:
    """Return how the hosts compared, and those that succeed far less often than the others."""
    if rule is None:
        return NO_RATES, []
    rates = {host: asked.success_rate() for host, asked in seen.items() if asked.total >= rule.request_volume}
    if not rates or len(rates) < rule.minimum_hosts:
        return NO_RATES, []
    compared = success_rate_threshold(tuple(rates.values()), rule.stdev_factor / 1000)
    return compared, [host for host, rate in rates.items() if rate < compared.threshold]


def success_rate_threshold(rates: tuple[float, ...], factor: float) -> Rates:
    """Return the mean of success rates and the threshold: so many population standard deviations below it."""
    total = squares = 0.0
    for rate in rates:  # one after another, as the compiled engine adds
        total += rate
    mean = total / len(rates)
    for rate in rates:
        squares += (rate - mean) * (rate - mean)
    return Rates(mean, mean - factor * math.sqrt(squares / len(rates)))


def failing(seen: Mapping[Host, Requests], rule: FailurePercentage | None) -> list[Host]:
    """Return the hosts that fail too often, whatever the others do."""
    if rule is None:
        return []
    rates = {host: asked.success_rate() for host, asked in seen.items() if asked.total >= rule.request_volume}
    if not rates or len(rates) < rule.minimum_hosts:
        return []
    return [host for host, rate in rates.items() if 100 - rate >= rule.threshold]


def first_tick(moment: float, interval: float) -> int:
    """Return the number of the first tick at or after a moment; ticks are multiples of the interval."""
    tick = round(moment / interval)
    while tick * interval < moment:
        tick += 1
    while (tick - 1) * interval >= moment:
        tick -= 1
    return tick
