"""Incidents and what they happen to: the faults each service gets, and what does not fit together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sim.spec.fault import Fault
from sim.spec.incident import Incident
from sim.spec.model import PlacedError
from sim.spec.service import Service


def faults_of(incidents: Sequence[Incident], service: str, entry: str | None) -> tuple[Fault, ...]:
    """Return the faults that incidents give every version of a service."""
    happening = (incident for incident in incidents if (incident.service or entry) == service)
    return tuple(fault for incident in happening for fault in incident.timed_faults())


def check_incidents(incidents: Sequence[Incident], services: Mapping[str, Service], entry: str | None) -> None:
    """Refuse faults that no probe would notice, and two drains of one node at a time.

    Raises:
        PlacedError: where, and what stands against it.
    """
    for index, incident in enumerate(incidents):
        service = services.get(incident.service or entry or "")
        if service is not None:
            for fault_index, message in _unprobed(incident, service):
                raise PlacedError(("incidents", index, "faults", fault_index), message)
        for before, other in enumerate(incidents[:index]):
            if incident.drain_node and other.drain_node == incident.drain_node and _overlap(incident, other):
                message = f"is drained by incidents[{before}] at that time already; must begin after it or end before"
                raise PlacedError(("incidents", index, "drainNode"), message)


def _unprobed(incident: Incident, service: Service) -> Iterator[tuple[int, str]]:
    for index, fault in enumerate(incident.faults):
        for version in map(service.resolved, service.versions):
            for probe, needed in (
                ("readinessProbe", fault.never_ready and version.readiness_probe is None),
                ("livenessProbe", fault.never_live and version.liveness_probe is None),
            ):
                if needed:
                    yield index, f"is for a probe, and {service.name} {version.name} has none; must have a {probe}"


def _overlap(one: Incident, other: Incident) -> bool:
    return one.at < other.ends_at and other.at < one.ends_at
