"""What users ask for: endpoints of the entry service, each with its part of the requests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from sim.spec.model import Model, Text
from sim.units import Quantity, Share

Factor = Annotated[float, Quantity("number", high=1_000, above=True)]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
"""Source: RFC 9110, 9.2.1: methods that are essentially read-only."""


class Endpoint(Model):
    """One kind of request."""

    share: Share = Field(description="Its part of the requests; those of all endpoints add up to 100%.")
    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = Field(
        "GET", description="HTTP method; all but GET, HEAD and OPTIONS have side effects unless sideEffects says no."
    )
    path: Text = Field("", description="Its path, as the endpoint column of a trace may name it.")
    latency_factor: Factor = Field(1.0, description="Multiplies the latency of the entry service's pods.")
    priority: Annotated[int, Quantity("count", high=100)] = Field(
        0,
        description="Pods serve the higher first, in order of arrival among equals, and shed the lower sooner: of n "
        "priorities the k-th from below may fill k / n of queueCapacity.",
    )
    side_effects: StrictBool | None = Field(
        None, description="Whether a request changes something, so that a mirrored copy changes it a second time."
    )

    @property
    def changes_something(self) -> bool:
        """Return whether to serve a request twice does more than to serve it once."""
        return self.method not in SAFE_METHODS if self.side_effects is None else self.side_effects


def room_of(queue_capacity: int, level: int, levels: int) -> int:
    """Return how many may wait at a pod before a request is shed: level 0, the highest of its levels, uses all places.

    Model: places are kept free for higher priorities, as in prioritised load shedding; nobody who waits is put out.
    """
    return queue_capacity * (levels - level) // levels
