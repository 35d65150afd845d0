"""What is wrong with a version: errors, slowness, crashes, coldness; for whom and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, model_validator

from sim.spec.distributions import Law
from sim.spec.model import Model, Name
from sim.units import Duration, PositiveDuration, Quantity, Share

Factor = Annotated[float, Quantity("number", high=1_000, above=True)]
EFFECTS = ("error_rate", "latency_factor", "extra_latency", "crash", "never_ready", "never_live", "cold_start")


class ColdStart(Model):
    """A young pod is slow: its latency is multiplied by 1 + (factor - 1) x 0.5^(age / halfLife)."""

    factor: Annotated[float, Quantity("number", low=1, high=1_000)] = Field(
        description="How many times slower a pod is right after its start."
    )
    half_life: PositiveDuration = Field(description="Time in which the excess halves.")


class Fault(Model):
    """One thing wrong with a version. Several add up: error rates and extra latencies add, factors multiply."""

    error_rate: Share = Field(0.0, description="Share of attempts that fail, added to the version's own.")
    latency_factor: Factor = Field(1.0, description="Multiplies the latency.")
    extra_latency: Law | None = Field(None, description="Added to the latency; a duration or a distribution.")
    crash: StrictBool = Field(
        False, description="The container crashes at its start, or at `at`; restarts back off from 10 s to 300 s."
    )
    never_ready: StrictBool = Field(False, description="The readiness probe never succeeds.")
    never_live: StrictBool = Field(False, description="The liveness probe fails; requests are still answered.")
    cold_start: ColdStart | None = Field(None, description="A young pod is slow.")
    segment: Name | None = Field(None, description="Only users of this segment meet the fault.")
    at: Duration | None = Field(None, description="From this moment after the release started; without it, always.")
    for_: PositiveDuration | None = Field(None, alias="for", description="For this long; without it, to the end.")
    ramp_up: PositiveDuration | None = Field(
        None, description="Grows linearly to its full size over this time from `at`."
    )
    status_code: Annotated[int, Quantity("count", low=400, high=599)] = Field(
        500, description="HTTP status of the errors; 4xx count as no failure."
    )

    @model_validator(mode="after")
    def _has_effect(self) -> Fault:
        fields = type(self).model_fields
        if all(getattr(self, name) == fields[name].default for name in EFFECTS):
            names = ", ".join(str(fields[name].alias) for name in EFFECTS)
            raise ValueError(f"has no effect; must have at least one of {names}")
        if self.segment is not None and self._is_of_pods:
            raise ValueError(
                "limits crash, neverReady, neverLive or coldStart to a segment; "
                "pods fail for everyone, leave segment out"
            )
        return self

    @property
    def _is_of_pods(self) -> bool:
        return self.crash or self.never_ready or self.never_live or self.cold_start is not None
