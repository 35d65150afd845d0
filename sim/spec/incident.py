"""What happens around a release, whether it is made or not: a drained node, trouble of a service."""

from __future__ import annotations

from pydantic import Field, model_validator

from sim.spec.fault import Fault
from sim.spec.model import Model, Name, PlacedError
from sim.units import Duration, PositiveDuration

MOST_FAULTS = 20


class Incident(Model):
    """One thing that happens to a service or a node, in the run and in those it is compared with."""

    at: Duration = Field(description="From this moment after the release started.")
    for_: PositiveDuration | None = Field(None, alias="for", description="For this long; without it, to the end.")
    service: Name | None = Field(
        None, description="Whose faults they are, of every version; without it, of the service that users call."
    )
    faults: tuple[Fault, ...] = Field((), max_length=MOST_FAULTS, description="What is wrong meanwhile.")
    drain_node: Name | None = Field(
        None,
        description="This node (node-1, ...) is cordoned and its pods are evicted as kubectl drain does; "
        "after `for` it takes pods again.",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> Incident:
        if (self.drain_node is None) == (not self.faults):
            has = "both" if self.faults else "neither"
            raise ValueError(f"has {has} of faults and drainNode; must have one of them")
        if self.drain_node is not None and self.service is not None:
            raise PlacedError(("service",), "stands beside drainNode, which is for every pod there; leave it out")
        for index, fault in enumerate(self.faults):
            for key, value in (("at", fault.at), ("for", fault.for_)):
                if value is not None:
                    raise PlacedError(("faults", index, key), "stands in an incident, which has its own; leave it out")
        return self

    @property
    def ends_at(self) -> float:
        """Return when it is over, inf without an end."""
        return float("inf") if self.for_ is None else self.at + self.for_

    def timed_faults(self) -> tuple[Fault, ...]:
        """Return its faults with the time they hold."""
        return tuple(fault.model_copy(update={"at": self.at, "for_": self.for_}) for fault in self.faults)
