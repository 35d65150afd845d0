"""Traffic in bursts: a rate that switches between high and low at random moments."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sim.spec.distributions import Law
from sim.spec.model import Model, PlacedError
from sim.units import Quantity, format_duration

SHORTEST_CYCLE = 0.1
"""Seconds. So the phases of the longest run fit into memory."""

Factor = Annotated[float, Quantity("number", low=1, high=1_000, above=True)]


class Bursty(Model):
    """Bursts and lulls that take turns; with exponential laws this is a Markov-modulated Poisson process."""

    rate_factor: Factor = Field(
        description="How many times as high the rate is in a burst as in a lull; the mean over time stays as given."
    )
    on: Law = Field(description="How long a burst lasts.")
    off: Law = Field(description="How long a lull between two bursts lasts.")

    @model_validator(mode="after")
    def _they_last(self) -> Bursty:
        for name, law in (("on", self.on), ("off", self.off)):
            if law.mean_seconds() <= 0:
                raise PlacedError((name,), "lasts no time; must be longer than 0 on average")
        if (both := self.on.mean_seconds() + self.off.mean_seconds()) < SHORTEST_CYCLE:
            raise ValueError(f"changes every {format_duration(both)}; a burst and a lull must last 100ms together")
        return self

    @property
    def share_on(self) -> float:
        """Return the share of time that is burst."""
        on, off = self.on.mean_seconds(), self.off.mean_seconds()
        return on / (on + off)

    @property
    def factors(self) -> tuple[float, float]:
        """Return what multiplies the rate in a lull and in a burst: their mean over time is 1."""
        lull = 1.0 / (1.0 + self.share_on * (self.rate_factor - 1.0))
        return lull, lull * self.rate_factor
