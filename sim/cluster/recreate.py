"""Recreate's wait: when the last old pod has ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Phase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]
"""Source: Kubernetes, PodPhase."""
ENDED: tuple[Phase, ...] = ("Succeeded", "Failed")


def old_pods_running(counts: Iterable[int], phases: Iterable[Phase]) -> bool:
    """Return whether an old pod is left: by the counts of the old sets, or any in a phase that is not over.

    Source: Kubernetes recreate.go, oldPodsRunning.
    """
    return any(count > 0 for count in counts) or any(phase not in ENDED for phase in phases)
