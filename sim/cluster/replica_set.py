"""The pods of one version: as many as asked for, created and deleted in the order of Kubernetes."""

from __future__ import annotations

from heapq import nsmallest
from itertools import count
from typing import TYPE_CHECKING

from sim.cluster.pod import Pod

if TYPE_CHECKING:
    from sim.cluster.wanted import Part
    from sim.cluster.world import World
    from sim.spec.service import ResolvedVersion


class ReplicaSet:
    """The pods of one version and template.

    of_version: all sets of that version, more than one after a restart. restarted_at: the restart that its template
    speaks of.

    replicas: pods asked for. ready, available: of those, how many are. existing: any pod that is not gone.
    leaving: pods that are no longer asked for and not gone yet. refused: asked for, and not created while a quota
    forbids it.
    """

    def __init__(self, world: World, number: int, resolved: ResolvedVersion, is_called: bool) -> None:
        self.number = number
        self.resolved = resolved
        self.is_called = is_called
        self.part: Part = ""
        self.name = f"{resolved.service}-{resolved.name}"
        self.ready = 0
        self.available = 0
        self.leaving: set[Pod] = set()
        self.refused = 0
        self.has_crashed = False
        self.is_in_crash_loop = False
        self.has_missed_image = False
        self.pods: list[Pod] = []
        self._world = world
        self.restarted_at: float | None = None
        self.of_version = [self]
        self._ordinals = count()

    @property
    def version(self) -> str:
        """Return the name of the version."""
        return self.resolved.name

    @property
    def replicas(self) -> int:
        """Return how many pods are asked for."""
        return len(self.pods)

    @property
    def wanted(self) -> int:
        """Return how many pods it has when it carries all users."""
        return self._world.wanted.of(self)

    @property
    def existing(self) -> int:
        """Return how many pods are not gone."""
        return len(self.pods) + len(self.leaving) - self.refused

    def twin(self, world: World, restarted_at: float) -> ReplicaSet:
        """Return another set of the same version, for the template of a restart; its pods are numbered on."""
        made = ReplicaSet(world, self.number, self.resolved, self.is_called)
        made.of_version, made._ordinals = self.of_version, self._ordinals
        made.restarted_at = restarted_at
        self.of_version.append(made)
        made.name = f"{self.of_version[0].name}-{len(self.of_version)}"
        return made

    def scale(self, replicas: int, reason: str = "scaled down") -> None:
        """Create or delete pods until `replicas` are asked for; what is deleted takes its time to leave."""
        if replicas > len(self.pods):
            for _ in range(replicas - len(self.pods)):
                self._create().start()
        elif replicas < len(self.pods):
            going = nsmallest(len(self.pods) - replicas, self.pods, key=deletion_order)
            staying = set(self.pods).difference(going)
            self.pods = [pod for pod in self.pods if pod in staying]
            self.leaving.update(going)
            for pod in going:
                pod.delete(reason)
        else:
            return
        self._world.pods_changed(self)

    def replace(self, pod: Pod, reason: str) -> None:
        """Delete a pod that somebody takes away and create another: as many as before are asked for."""
        self.pods.remove(pod)
        self.leaving.add(pod)
        pod.delete(reason)
        self._create().start()
        self._world.pods_changed(self)

    def start_warm(self, replicas: int) -> None:
        """Create pods that have run for long."""
        for _ in range(replicas):
            self._create().start_warm()
        self._world.pods_changed(self)

    def forget(self, pod: Pod) -> None:
        """Count `pod` as gone."""
        self.leaving.remove(pod)

    def _create(self) -> Pod:
        pod = self._world.new_pod(self, next(self._ordinals))
        self.pods.append(pod)
        return pod


def deletion_order(pod: Pod) -> tuple[bool, float, int, float, int]:
    """Return what sorts first the pod that goes first: not ready, ready for less long, more restarts, younger.

    Source: Kubernetes controller_utils.go, ActivePodsWithRanks.Less (nodes, deletion cost and its logarithmic
    buckets of age left out).
    """
    ready_since = -pod.ready_since if pod.is_ready else 0.0
    return (pod.is_ready, ready_since, -pod.restarts, -pod.row.created_at, -pod.number)
