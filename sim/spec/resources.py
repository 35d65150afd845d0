"""What a pod asks of its node, in the words of a container's `resources`."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sim.spec.model import Model
from sim.units import Quantity

MOST_CORES = 1_000

Cores = Annotated[float, Quantity("quantity", high=MOST_CORES, above=True)]


class Requests(Model):
    """What is kept free for a pod."""

    not_simulated: ClassVar[tuple[str, ...]] = ("memory", "ephemeral-storage")

    cpu: Cores = Field(description="Cores: what an autoscaler's averageUtilization is a percentage of.")


class Resources(Model):
    """What a pod asks for; that it gets no more (limits) is not simulated."""

    not_simulated: ClassVar[tuple[str, ...]] = ("limits", "claims")

    requests: Requests = Field(description="What is kept free for it.")
