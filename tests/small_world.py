"""Small scenarios for tests of the control plane: constant delays, so that every moment is known by hand."""

from __future__ import annotations

from typing import Any

from sim.cluster.world import World
from sim.record import Record
from sim.scenario import Scenario

SERVICE: dict[str, Any] = {
    "replicas": 4,
    "concurrency": 4,
    "startup": "2s",
    "readinessProbe": {"periodSeconds": 5},
    "endpointPropagation": "1s",
    "latency": "20ms",
}


def scenario(
    strategy: dict[str, Any],
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
    mesh: dict[str, Any] | None = None,
    monitoring: dict[str, Any] | None = None,
    duration: float = 300,
    rate: float = 20,
    **service: Any,
) -> Scenario:
    """Return a release of `web` from v1 to v2 under a strategy called `it`, with what differs from SERVICE."""
    pods = {key: value for key, value in {**SERVICE, **service}.items() if value is not None}
    spec = {
        "duration": duration,
        "warmup": 10,
        "users": {"count": 200, "segments": {"testers": {"count": 20}}},
        "traffic": {"rate": rate},
        "services": {"web": {**pods, "versions": {"v1": old or {}, "v2": new or {}}}},
        "monitoring": {"scrapeInterval": 5, **(monitoring or {})},
        "release": {"service": "web", "from": "v1", "to": "v2"},
        "strategies": {"it": strategy},
    }
    if mesh is not None:
        spec["mesh"] = mesh
    return Scenario.from_dict(
        {"apiVersion": "rollsim/v1", "kind": "Scenario", "metadata": {"name": "small"}, "spec": spec}
    )


def run(given: Scenario, **options: Any) -> Record:
    """Return the record of the scenario's strategy `it`."""
    return World(given, "it", **options).run()


def story(record: Record, *kinds: str) -> list[tuple[float, str, str]]:
    """Return moment, kind and subject of the events of these kinds."""
    return [(event.at_seconds, event.kind, event.subject) for event in record.events if event.kind in kinds]
