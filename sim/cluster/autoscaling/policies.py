"""How fast a count may change: scaling policies, and the bounds of the autoscaler.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

PERCENT = 100
SCALE_UP_FACTOR = 2.0
SCALE_UP_MINIMUM = 4
"""Source: scaleUpLimitFactor, scaleUpLimitMinimum: how far one decision may go where there is no `behavior`."""

Limit = Literal["DesiredWithinRange", "ScaleUpLimit", "ScaleDownLimit", "TooFewReplicas", "TooManyReplicas"]


class Policy(NamedTuple):
    """No more than `value` pods, or percent of the pods, within a period."""

    kind: Literal["pods", "percent"]
    value: int
    period_seconds: float


class Rules(NamedTuple):
    """How a count may change in one direction. select: which policy holds, by the change that it allows."""

    policies: tuple[Policy, ...]
    select: Literal["max", "min", "disabled"] = "max"
    window_seconds: float | None = None


SCALE_UP = Rules((Policy("pods", 4, 15), Policy("percent", 100, 15)), window_seconds=0)
SCALE_DOWN = Rules((Policy("percent", 100, 15),))
"""Source: pkg/apis/autoscaling/v2/defaults.go."""


@dataclass
class Change:
    """So many pods were added (or removed) at a moment."""

    pods: int
    at: float
    is_outdated: bool = False


class Decision(NamedTuple):
    """A count, and which limit decided it."""

    replicas: int
    limit: Limit


def changed_within(log: Sequence[Change], now: float, period: float) -> int:
    """Return how many pods changed within a period.

    Source: getReplicasChangePerPeriod.
    """
    return sum(change.pods for change in log if now - change.at < period)


def up_limit(current: int, rules: Rules, added: Sequence[Change], removed: Sequence[Change], now: float) -> int:
    """Return the highest count that the policies allow.

    Source: calculateScaleUpLimitWithScalingRules.
    """
    if rules.select == "disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = _count_before(policy, current, added, removed, now)
        # Rounded up, else a small count would never grow.
        grown = start + policy.value if policy.kind == "pods" else math.ceil(start * (1 + policy.value / PERCENT))
        limits.append(grown)
    return min(limits) if rules.select == "min" else max(limits)


def down_limit(current: int, rules: Rules, added: Sequence[Change], removed: Sequence[Change], now: float) -> int:
    """Return the lowest count that the policies allow.

    Source: calculateScaleDownLimitWithBehaviors.
    """
    if rules.select == "disabled":
        return current
    limits = []
    for policy in rules.policies:
        start = _count_before(policy, current, added, removed, now)
        shrunk = start - policy.value if policy.kind == "pods" else int(start * (1 - policy.value / PERCENT))
        limits.append(shrunk)
    return max(limits) if rules.select == "min" else min(limits)


def _count_before(policy: Policy, current: int, added: Sequence[Change], removed: Sequence[Change], now: float) -> int:
    """Return the count at the start of the policy's period."""
    period = policy.period_seconds
    return current - changed_within(added, now, period) + changed_within(removed, now, period)


def within_rates(current: int, desired: int, low: int, high: int, up: int, down: int) -> Decision:
    """Return the desired count within the policies' limits and the autoscaler's bounds.

    Source: convertDesiredReplicasWithBehaviorRate.
    """
    if desired > current:
        up = max(up, current)
        if desired > min(high, up):
            return Decision(min(high, up), "ScaleUpLimit" if up < high else "TooManyReplicas")
    elif desired < current:
        down = min(down, current)
        if desired < max(low, down):
            return Decision(max(low, down), "ScaleDownLimit" if down > low else "TooFewReplicas")
    return Decision(desired, "DesiredWithinRange")


def within_bounds(current: int, desired: int, low: int, high: int, factor: float = SCALE_UP_FACTOR) -> Decision:
    """Return the desired count within the bounds, and not more than so many times the current one.

    Source: convertDesiredReplicasWithRules, in force where an autoscaler has no `behavior`.
    """
    fastest = int(max(factor * current, SCALE_UP_MINIMUM))
    if desired < low:
        return Decision(low, "TooFewReplicas")
    if desired > min(high, fastest):
        return Decision(min(high, fastest), "ScaleUpLimit" if fastest < high else "TooManyReplicas")
    return Decision(desired, "DesiredWithinRange")


def remember(log: list[Change], pods: int, now: float, rules: Rules | None) -> None:
    """Write down a change, in the place of the last one that no policy's period reaches any more.

    Source: storeScaleEvent, markScaleEventsOutdated. Without rules nothing is kept.
    """
    if rules is None:
        return
    longest = max((policy.period_seconds for policy in rules.policies), default=0)
    for change in log:
        change.is_outdated = change.is_outdated or now - change.at >= longest
    outdated = [place for place, change in enumerate(log) if change.is_outdated]
    if outdated:
        log[outdated[-1]] = Change(pods, now)
    else:
        log.append(Change(pods, now))
