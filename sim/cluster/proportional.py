"""Proportional scaling: what a Deployment does when its wanted count changes while it has pods of several versions.

Source: kubernetes/kubernetes pkg/controller/deployment/sync.go (scale) and util/deployment_util.go (GetProportion).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Sized(NamedTuple):
    """A set's pods, and what it was last sized for.

    sized_for: the most pods, surge included; desired: the count that was wanted then, None for the one wanted now.
    available: pods of it that are. created: its place among the sets in order of creation.
    """

    replicas: int
    sized_for: int
    available: int = 0
    desired: int | None = None
    created: int = 0


def sizes_for_count(
    desired: int, surge: int, new: Sized | None, old: Sequence[Sized], is_rolling: bool = True
) -> list[int]:
    """Return the sizes of the new set (if there is one) and of the old ones, newest first, for another wanted count.

    A single set with pods takes it all. Several are resized in proportion, so that a change of the count does not
    hasten the rollout; only a rolling update does that.
    """
    sets = [*([] if new is None else [new]), *old]
    sizes = [each.replicas for each in sets]
    active = [place for place, size in enumerate(sizes) if size > 0]
    if len(active) <= 1:
        only = active[0] if active else 0
        return [desired if place == only else size for place, size in enumerate(sizes)]
    if new is not None and _is_saturated(desired, new):
        return [desired, *(0 for _ in old)]
    return _in_proportion(desired, surge, sets) if is_rolling else sizes


def _is_saturated(desired: int, new: Sized) -> bool:
    """Return whether the new set has all its pods, available and meant for this count.

    Source: deployment_util.go, IsSaturated.
    """
    meant_for = desired if new.desired is None else new.desired
    return new.replicas == new.available == meant_for == desired


def _in_proportion(desired: int, surge: int, sets: Sequence[Sized]) -> list[int]:
    allowed = desired + surge if desired > 0 else 0
    missing = allowed - sum(each.replicas for each in sets)
    sizes = [each.replicas for each in sets]
    if missing == 0:
        return sizes
    order = _largest_first(sets, newest_first=missing > 0)
    rest = missing
    for place in order:
        change = _change(sets[place], desired, allowed)
        change = min(change, rest) if missing > 0 else max(change, rest)
        sizes[place] += change
        rest -= change
    sizes[order[0]] = max(0, sizes[order[0]] + rest)
    return sizes


def _largest_first(sets: Sequence[Sized], newest_first: bool) -> list[int]:
    """Return the places of the sets with pods; equal ones newest first to grow, oldest first to shrink.

    Source: controller_utils.go, ReplicaSetsBySizeNewer and ReplicaSetsBySizeOlder.
    """
    places = [place for place, each in enumerate(sets) if each.replicas > 0]
    newest = sorted(places, key=lambda place: (-sets[place].created, place))
    return sorted(newest if newest_first else reversed(newest), key=lambda place: -sets[place].replicas)


def _change(each: Sized, desired: int, allowed: int) -> int:
    if desired == 0:
        return -each.replicas
    if each.sized_for == 0:
        return 0
    exact = Fraction(each.replicas * allowed, each.sized_for)
    # Half a pod rounds away from zero, and sizes are never below it.
    return math.floor(exact + Fraction(1, 2)) - each.replicas
