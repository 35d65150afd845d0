"""The incidents of a run, which come whether there is a release or not: nodes are drained, services have trouble."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sim.cluster.clock import PERSON
from sim.cluster.drain import Drain

if TYPE_CHECKING:
    from sim.cluster.world import World
    from sim.spec.incident import Incident


def start_incidents(world: World) -> None:
    """Let every incident of the scenario happen at its time; faults are in the versions already, and told here."""
    room = world.placement.room if world.placement else None
    for incident in world.scenario.incidents:
        if incident.drain_node is None:
            _tell(world, incident)
        elif room is not None:
            world.env.call(incident.at, PERSON, 0, Drain(world, room, incident).start)


def _tell(world: World, incident: Incident) -> None:
    service = incident.service or world.scenario.traffic.entry or world.service
    for at, kind, words in (
        (incident.at, "begins", f"Every version of {service} has a fault."),
        (incident.ends_at, "ends", f"{service} is as before."),
    ):
        if at < world.scenario.duration:
            world.env.call(at, PERSON, 0, partial(world.log, "incident", kind, service, words))
