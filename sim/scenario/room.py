"""Whether the pods that run before the release have room."""

from __future__ import annotations

from collections.abc import Mapping

from sim.spec.cluster import Cluster
from sim.spec.model import PlacedError
from sim.spec.release import Release
from sim.spec.service import Service


def check_room(cluster: Cluster, services: Mapping[str, Service], release: Release | None) -> None:
    """Refuse a cluster that the pods of the old versions do not fit in.

    Raises:
        PlacedError: where, and how many pods there are.
    """
    pods = sum(service.resolved(_first(name, service, release)).replicas for name, service in services.items())
    quota, nodes = cluster.resource_quota, cluster.nodes
    if quota is not None and quota.pods < pods:
        message = f"is {quota.pods}; must be at least {pods}, the pods that run before the release"
        raise PlacedError(("cluster", "resourceQuota", "pods"), message)
    if nodes is not None and nodes.count * nodes.pods < pods:
        message = f"take {nodes.count * nodes.pods} pods; must take at least {pods}, those that run before the release"
        raise PlacedError(("cluster", "nodes"), message)


def _first(name: str, service: Service, release: Release | None) -> str:
    """Return the version that a service runs at first; the first in the file where the release names none there is."""
    if release is not None and release.service == name and release.from_version in service.versions:
        return release.from_version
    return next(iter(service.versions))
