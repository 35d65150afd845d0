"""How long an attempt holds its worker and how it answers, in plain form; sim/engine/service.py is the compiled one."""

from __future__ import annotations

from typing import NamedTuple

from sim.engine.fault_pods import meets
from sim.engine.portable import half_power
from sim.engine.variates import quantile
from sim.spec.fault import Fault
from sim.spec.service import ResolvedVersion


class Luck(NamedTuple):
    """The numbers of one attempt, each strictly inside (0, 1)."""

    service: float
    error: float
    first_choice: float
    second_choice: float
    jitter: float
    extra: float


class Circumstances(NamedTuple):
    """What faults may depend on: the moment, the user, the request, the pod and its load.

    user_meets: which faults of a share of users this one meets. errors: the number that decides about errors, by what
    they are drawn for.
    """

    now: float
    age: float
    segment: str | None
    endpoint: str | None
    endpoint_factor: float
    user_meets: float
    errors: dict[str, float]
    pod_ordinal: int
    pod_luck: float
    utilization: float


def decide(version: ResolvedVersion, luck: Luck, met: Circumstances) -> tuple[float, int]:
    """Return service time and status; factors multiply, extra latencies add, errors part their number in order."""
    thresholds = {"attempt": version.error_rate, "request": 0.0, "user": 0.0}
    status = 500 if luck.error < version.error_rate else 200
    factor, extra = 1.0, 0.0
    for fault in version.faults:
        size = size_of(fault, met)
        if size == 0:
            continue
        drawn_per = fault.drawn_per
        thresholds[drawn_per] += fault.error_rate * size
        if status == 200 and met.errors[drawn_per] < thresholds[drawn_per]:
            status = fault.status_code
            if fault.error_latency is not None:
                return quantile(fault.error_latency, luck.service), status
        factor *= 1.0 + (fault.latency_factor - 1.0) * size
        if fault.cold_start is not None:
            coldness = half_power(met.age / fault.cold_start.half_life)
            factor *= 1.0 + (fault.cold_start.factor - 1.0) * size * coldness
        if fault.extra_latency is not None:
            extra += size * quantile(fault.extra_latency, luck.extra)
    return quantile(version.latency, luck.service) * met.endpoint_factor * factor + extra, status


def size_of(fault: Fault, met: Circumstances) -> float:
    """Return how much of a fault is met, from 0 (none) to 1."""
    if not is_met(fault, met) or not fault.is_active(met.now):
        return 0.0
    size = 1.0
    if fault.ramp_up is not None:
        size = min((met.now - fault.last_beginning(met.now)) / fault.ramp_up, 1.0)
    if fault.above_utilization is not None:
        size *= max(met.utilization - fault.above_utilization, 0.0) / (1.0 - fault.above_utilization)
    return size


def is_met(fault: Fault, met: Circumstances) -> bool:
    """Return whether the user and the pod are among those that a fault is for."""
    if fault.segment is not None and fault.segment != met.segment:
        return False
    if fault.endpoint is not None and fault.endpoint != met.endpoint:
        return False
    if fault.user_share is not None and met.user_meets >= fault.user_share:
        return False
    if fault.pod_age is not None and met.age < fault.pod_age:
        return False
    return meets(fault, met.pod_ordinal, met.pod_luck)
