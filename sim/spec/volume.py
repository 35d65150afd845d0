"""Volumes that pods hold, and how many pods may hold one at a time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.spec.distributions import Constant, Law
from sim.spec.model import Model, Name


class Volume(Model):
    """A claim that every pod of the service mounts; versions that name the same volume share it."""

    name: Name = Field(description="The name of the claim.")
    access_mode: Literal["ReadWriteOnce", "ReadWriteMany"] = Field(
        "ReadWriteOnce",
        description="ReadWriteOnce: one node at a time (without cluster.nodes each pod has its own); else any number.",
    )
    attach: Law = Field(
        Constant(value=10.0), description="Until it is attached and mounted, once nobody else holds it."
    )
