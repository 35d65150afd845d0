"""How long an attempt holds its worker and how it answers, in plain form; sim/engine/service.py is the compiled one."""

from __future__ import annotations

from typing import NamedTuple

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
    """What faults may depend on: the moment, the age of the pod, the name of the user's segment."""

    now: float
    age: float
    segment: str | None


def decide(version: ResolvedVersion, luck: Luck, met: Circumstances) -> tuple[float, int]:
    """Return service time and status; factors multiply, extra latencies add, errors part one number in order."""
    threshold = version.error_rate
    status = 500 if luck.error < threshold else 200
    factor, extra = 1.0, 0.0
    for fault in version.faults:
        size = size_of(fault, met)
        if size == 0:
            continue
        threshold += fault.error_rate * size
        if status == 200 and luck.error < threshold:
            status = fault.status_code
        factor *= 1.0 + (fault.latency_factor - 1.0) * size
        if fault.cold_start is not None:
            coldness = half_power(met.age / fault.cold_start.half_life)
            factor *= 1.0 + (fault.cold_start.factor - 1.0) * size * coldness
        if fault.extra_latency is not None:
            extra += size * quantile(fault.extra_latency, luck.extra)
    return quantile(version.latency, luck.service) * factor + extra, status


def size_of(fault: Fault, met: Circumstances) -> float:
    """Return how much of a fault is met, from 0 (none) to 1."""
    if fault.segment is not None and fault.segment != met.segment:
        return 0.0
    if fault.at is None and fault.for_ is None and fault.ramp_up is None:
        return 1.0
    begins = fault.at or 0.0
    if met.now < begins or (fault.for_ is not None and met.now >= begins + fault.for_):
        return 0.0
    return 1.0 if fault.ramp_up is None else min((met.now - begins) / fault.ramp_up, 1.0)
