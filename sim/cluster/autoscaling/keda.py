"""KEDA's part of scaling: from nothing and to nothing; in between its HorizontalPodAutoscaler decides.

Source: kedacore/keda pkg/scaling/executor/scale_scaledobjects.go (RequestScale).
"""

from __future__ import annotations

from typing import NamedTuple


class KedaRules(NamedTuple):
    """minimum, maximum: pods. idle: pods while nothing is to do, None: as many as the minimum says."""

    minimum: int = 0
    maximum: int = 100
    idle: int | None = None
    cooldown_seconds: float = 300.0


def replicas(current: int, is_active: bool, rules: KedaRules, inactive_seconds: float) -> int:
    """Return the count that KEDA sets at a poll, `current` where it leaves it to the autoscaler.

    inactive_seconds: how long ago a trigger was active. The cooldown governs the last step, to nothing (or to the idle
    count), and no other.
    """
    if is_active:
        asleep = current == 0 or (rules.idle is not None and current < rules.minimum)
        return max(rules.minimum, 1) if asleep else current
    if rules.idle is not None or rules.minimum == 0:
        rest = rules.idle or 0
        return rest if current > rest and inactive_seconds > rules.cooldown_seconds else current
    return max(current, rules.minimum)


def bounds(rules: KedaRules) -> tuple[int, int]:
    """Return the least and most pods of the HorizontalPodAutoscaler beneath, which cannot have none.

    Source: pkg/../controllers/keda/hpa.go, getHPAMinReplicas, getHPAMaxReplicas.
    """
    return max(rules.minimum, 1), rules.maximum
