"""A call that a service makes of another one, for each request that it serves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from sim.spec.mesh import Retries
from sim.spec.model import Model, Name
from sim.units import PositiveDuration, Quantity, Share

MOST_CALLS = 15
"""Of one attempt, and of levels of calls 7: the path of a call is one number of 56 bits."""

MOST_LEVELS = 8


class ServiceCall(Model):
    """What a service asks of another one once its own work on a request is done."""

    service: Name = Field(description="Who is called.")
    count: Annotated[int, Quantity("count", low=1, high=MOST_CALLS)] = Field(1, description="How many times.")
    probability: Share = Field(1.0, description="Share of requests that make the call, each call drawn by itself.")
    parallel: StrictBool = Field(
        False, description="All at once, and together with parallel calls next to it; else one after the other."
    )
    required: StrictBool = Field(
        True, description="Whether the caller fails with the call: it answers 500 and makes no other call."
    )
    timeout: PositiveDuration | None = Field(
        None, description="Of the whole call, retries included; without it, the mesh's."
    )
    retries: Retries | None = Field(None, description="Second tries of the call; without it, the mesh's.")
