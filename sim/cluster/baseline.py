"""A fresh baseline: the old version in new pods beside the canary, as many as it has and with as much traffic.

The data plane knows it as a version of its own, so that a judge can tell its answers from those of production; to
whoever else looks at answers and pods it is the old version.

Source: Spinnaker's documentation, Best practices for configuring canary: compare the canary against a baseline that was
deployed at the same time, not against production.
"""

from __future__ import annotations


def baseline_weight(weight: float, canary_endpoints: int, baseline_endpoints: int) -> float:
    """Return the percent of users for a baseline: the canary's, less while it has fewer endpoints, at most the rest.

    So a pod of either gets as much, and the baseline nothing before its first pod is there.
    """
    if canary_endpoints == 0:
        return 0.0
    return min(weight * min(1.0, baseline_endpoints / canary_endpoints), 100.0 - weight)
