"""Recommendations of the recent past, so that a count does not follow every wave.

Source: kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go.
"""

from __future__ import annotations

from typing import NamedTuple


class Recommendation(NamedTuple):
    """What the metrics asked for at a moment."""

    replicas: int
    at: float


def stabilized_down(log: list[Recommendation], now: float, desired: int, window: float) -> int:
    """Return the highest recommendation of the window, the new one included, which enters the log.

    Source: stabilizeRecommendation, in force where an autoscaler has no `behavior`.
    """
    recent = [old.replicas for old in log if now - old.at < window]
    remember(log, Recommendation(desired, now), window)
    return max([desired, *recent])


def stabilized(
    log: list[Recommendation], now: float, current: int, desired: int, up_window: float, down_window: float
) -> int:
    """Return the count that goes up only as far as all of the up window asks, down as far as all of the down window.

    Source: stabilizeRecommendationWithBehaviors.
    """
    up = min([desired, *(old.replicas for old in log if now - old.at < up_window)])
    down = max([desired, *(old.replicas for old in log if now - old.at < down_window)])
    remember(log, Recommendation(desired, now), max(up_window, down_window))
    return min(max(current, up), down)


def remember(log: list[Recommendation], new: Recommendation, longest: float) -> None:
    """Write down a recommendation, in the place of the last one that no window reaches any more."""
    old = [place for place, entry in enumerate(log) if new.at - entry.at >= longest]
    if old:
        log[old[-1]] = new
    else:
        log.append(new)
