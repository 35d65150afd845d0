"""How many pods of a service may be missing because somebody evicts them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sim.spec.model import Model
from sim.units import IntOrPercent


class PodDisruptionBudget(Model):
    """What evictions must leave of a service, in the words of policy/v1; a rollout is not bound by it."""

    min_available: IntOrPercent | None = Field(
        None, description="Ready pods that must stay; a percentage of the wanted count rounds up."
    )
    max_unavailable: IntOrPercent | None = Field(
        None, description="Pods of the wanted count that may be missing; a percentage rounds up."
    )
    unhealthy_pod_eviction_policy: Literal["IfHealthyBudget", "AlwaysAllow"] = Field(
        "IfHealthyBudget",
        description="Whether a pod that is not ready may go: while the budget is kept, or always.",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> PodDisruptionBudget:
        if (self.min_available is None) == (self.max_unavailable is None):
            has = "neither" if self.min_available is None else "both"
            raise ValueError(f"has {has} of minAvailable and maxUnavailable; must have one of them")
        return self
