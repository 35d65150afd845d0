"""Which pods of a version meet a fault that is not everyone's: the first to be created, or each by its own luck."""

from __future__ import annotations

import numpy as np

from sim.engine.keyed import OF_FAULTS, Purpose, uniforms
from sim.spec.fault import Fault

ALL_PODS = int(np.iinfo(np.int64).max)


def pod_luck(seed: int, replication: int, version: int, ordinal: int) -> float:
    """Return the number, strictly inside (0, 1), that decides which faults the n-th pod of a version meets (from 0)."""
    return uniforms(seed, replication, Purpose.POD, OF_FAULTS, version, ordinal)[0]


def pods_met(fault: Fault) -> tuple[int, float]:
    """Return how many pods of the version meet a fault, the first that come, and below which luck each of them."""
    if fault.pods is None:
        return ALL_PODS, 1.0
    return (ALL_PODS, fault.pods.value / 100) if fault.pods.is_percent else (int(fault.pods.value), 1.0)


def meets(fault: Fault, ordinal: int, luck: float) -> bool:
    """Return whether the n-th pod of the version meets the fault."""
    most, share = pods_met(fault)
    return ordinal < most and luck < share
