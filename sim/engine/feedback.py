"""Whether what happens to a request can depend on what will happen after its arrival; if not, a recursion will do.

What is not known here counts as feedback: a mechanism added elsewhere is served by the event heap until somebody has
thought about it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from sim.engine.protocol import PlaneConfig, Reason, Requests, Route
from sim.engine.retries import retried_reasons, retried_statuses
from sim.spec.mesh import Mesh
from sim.spec.model import Model
from sim.spec.service import ResolvedVersion

MOST_WORKERS = 64
"""Of a pod: its workers are kept in order of when they will be free, one by one."""

STATELESS = frozenset({"roundRobin", "random", "consistentHash"})
"""Balancers that do not ask how busy a pod is."""

SHED_STATUS = 503

CONFIG = frozenset({"versions", "requests", "mesh", "route", "start"})
REQUESTS = frozenset({
    "seed", "replication", "arrival", "user", "segment_of_user", "sticky_of_user", "conversion_of_user", "conversion",
    "segments", "endpoint", "endpoints",
})  # fmt: skip
ROUTE = frozenset({"weights", "match", "mirror", "sticky", "by_pods"})
MESH = frozenset({"load_balancer", "consistent_hash", "propagation_delay", "retries", "retry_budget"})
RETRIES = frozenset({"attempts", "retry_on", "backoff"})
VERSION = frozenset({
    "name", "service", "conversion", "faults", "replicas", "concurrency", "queue_capacity", "startup",
    "readiness_probe", "startup_probe", "liveness_probe", "image_pull", "volumes", "min_ready_seconds",
    "progress_deadline_seconds", "termination_grace_period_seconds", "pre_stop", "endpoint_propagation", "latency",
    "error_rate", "resources", "cpu_per_request",
})  # fmt: skip
FAULT = frozenset({
    "error_rate", "latency_factor", "extra_latency", "crash", "never_ready", "never_live", "cold_start", "memory_leak",
    "error_latency", "drawn_per", "segment", "user_share", "pods", "pod_age", "above_utilization", "at", "for_",
    "every", "ramp_up", "status_code", "endpoint", "image_pull_fails",
})  # fmt: skip


def feeds_back(config: PlaneConfig) -> bool:
    """Return whether the event heap must serve the plane, whatever the control plane does."""
    versions = config.versions
    return (
        _has_more(config, CONFIG)
        or _has_more(config.requests, REQUESTS)
        or len({endpoint.priority for endpoint in config.requests.endpoints.values()}) > 1
        or any(_has_other(version, VERSION) or version.concurrency > MOST_WORKERS for version in versions)
        or any(_has_other(fault, FAULT) for version in versions for fault in version.faults)
        or (config.mesh is not None and _mesh_feeds_back(config.mesh, versions))
    )


def route_feeds_back(route: Route) -> bool:
    """Return whether the event heap must serve what is routed this way."""
    return _has_more(route, ROUTE)


def retries_refusals(mesh: Mesh | None) -> bool:
    """Return whether a request that a pod refuses is tried again."""
    return mesh is not None and mesh.retries.attempts > 0 and Reason.REFUSED in retried_reasons(mesh.retries.retry_on)


def _mesh_feeds_back(mesh: Mesh, versions: tuple[ResolvedVersion, ...]) -> bool:
    return (
        _has_other(mesh, MESH)
        or _has_other(mesh.retries, RETRIES)
        or mesh.load_balancer not in STATELESS
        or (mesh.retries.attempts > 0 and not retried_statuses(mesh.retries.retry_on).isdisjoint(_statuses(versions)))
    )


def _statuses(versions: tuple[ResolvedVersion, ...]) -> set[int]:
    """Return the statuses with which pods may fail."""
    statuses = {fault.status_code for version in versions for fault in version.faults}
    statuses |= {500 for version in versions if version.error_rate > 0}
    return statuses | {SHED_STATUS for version in versions if version.queue_capacity is not None}


def _has_other(spec: Model, known: frozenset[str]) -> bool:
    """Return whether a key that is not known here differs from its default."""
    unknown = ((name, field) for name, field in type(spec).model_fields.items() if name not in known)
    return any(getattr(spec, name) != field.get_default(call_default_factory=True) for name, field in unknown)


def _has_more(value: PlaneConfig | Requests | Route, known: frozenset[str]) -> bool:
    """Return whether a field that is not known here differs from its default, or has none."""
    return any(
        _differs(getattr(value, field.name), field.default) for field in fields(value) if field.name not in known
    )


def _differs(value: Any, default: Any) -> bool:
    return default is MISSING or type(value) is not type(default) or value != default
