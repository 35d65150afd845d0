"""The history of a Deployment: numbers of its ReplicaSets, which one an undo goes back to, which ones are forgotten.

Source: kubernetes/kubernetes pkg/controller/deployment/util/deployment_util.go and sync.go, and kubectl's rollback.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Kept(NamedTuple):
    """An old set as the clean-up sees it: its revision, the pods asked for, and those that are there (not leaving)."""

    revision: int
    replicas: int
    present: int = 0


def revision_of_new(own: int, old: Sequence[int]) -> int:
    """Return the revision of the set of the wanted template: one above all others, unless it has more already.

    Source: deployment_util.go, SetNewReplicaSetAnnotations, with MaxRevision of the old sets.
    """
    return max(own, 1 + max(old, default=0))


def revision_before(revisions: Sequence[int], wanted: int = 0) -> int | None:
    """Return the place of the set that an undo goes back to: of revision `wanted`, or, for 0, of the last but one.

    Source: kubectl rollback.go, deploymentRevision.
    """
    if wanted > 0:
        return next((place for place, revision in enumerate(revisions) if revision == wanted), None)
    newest_first = sorted(range(len(revisions)), key=lambda place: -revisions[place])
    return newest_first[1] if len(newest_first) > 1 else None


def forgotten(old: Sequence[Kept], limit: int) -> list[int]:
    """Return the places of the old sets to delete: the oldest revisions beyond `limit`, none that has pods.

    Source: sync.go, cleanupDeployment: a set with pods counts, and is passed over.
    """
    oldest_first = sorted(range(len(old)), key=lambda place: old[place].revision)
    surplus = oldest_first[: max(0, len(old) - limit)]
    return [place for place in surplus if old[place].replicas == old[place].present == 0]
