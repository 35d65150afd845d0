"""What the service promises: availability, and latency for a share of the requests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.spec.model import Model
from sim.units import PositiveDuration, Quantity

Target = Annotated[float, Quantity("share", high=1, above=True)]


class LatencyObjective(Model):
    """A limit for one request and the share of requests that must keep it."""

    limit: PositiveDuration = Field(description="An answer after this is slow, and counts as failed.")
    target: Target = Field(description="Share of requests that must be faster.")


class Objectives(Model):
    """The service level objectives that budgets and burn rates are counted against."""

    availability: Annotated[float, Quantity("share", high=0.999999999, above=True)] = Field(
        0.999, description="Share of requests that must be answered without error."
    )
    latency: LatencyObjective | None = Field(None, description="The latency promised; without it, no answer is slow.")
