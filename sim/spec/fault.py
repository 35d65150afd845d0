"""What is wrong with a version: errors, slowness, crashes, coldness; for whom and when."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from sim.spec.distributions import Law
from sim.spec.model import Model, Name
from sim.units import Duration, IntOrPercent, PositiveDuration, Quantity, Share

Factor = Annotated[float, Quantity("number", high=1_000, above=True)]
Bytes = Annotated[float, Quantity("quantity", high=1e15, above=True)]
EFFECTS = (
    "error_rate", "latency_factor", "extra_latency", "crash", "never_ready", "never_live", "cold_start", "memory_leak",
    "image_pull_fails",
)  # fmt: skip
OF_PODS = ("crash", "never_ready", "never_live", "cold_start", "memory_leak", "image_pull_fails")
LIMITS_OF_REQUESTS = ("segment", "endpoint", "user_share", "pod_age", "above_utilization")
LIMITS_IN_TIME = ("at", "for_", "every", "ramp_up")


class ColdStart(Model):
    """A young pod is slow: its latency is multiplied by 1 + (factor - 1) x 0.5^(age / halfLife)."""

    factor: Annotated[float, Quantity("number", low=1, high=1_000)] = Field(
        description="How many times slower a pod is right after its start."
    )
    half_life: PositiveDuration = Field(description="Time in which the excess halves.")


class MemoryLeak(Model):
    """Each request leaves memory behind, until the container is killed (OOMKilled) and started again."""

    per_request: Bytes = Field(description="Bytes that an attempt leaves behind, as in 100Ki.")
    limit: Bytes = Field(description="The container's memory limit for what leaks, as in 256Mi.")

    @property
    def requests(self) -> float:
        """Return the number of attempts after which the limit is passed."""
        return self.limit / self.per_request


class Fault(Model):
    """One thing wrong with a version. Several add up: error rates and extra latencies add, factors multiply."""

    error_rate: Share = Field(0.0, description="Share of attempts that fail, added to the version's own.")
    latency_factor: Factor = Field(1.0, description="Multiplies the latency.")
    extra_latency: Law | None = Field(None, description="Added to the latency; a duration or a distribution.")
    crash: StrictBool = Field(
        False, description="The container crashes at its start, or at `at`; later restarts back off from 10 s to 300 s."
    )
    never_ready: StrictBool = Field(False, description="The readiness probe never succeeds.")
    never_live: StrictBool = Field(False, description="The liveness probe fails; requests are still answered.")
    image_pull_fails: StrictBool = Field(
        False, description="The image of a new pod cannot be pulled; the kubelet tries again after 10 s, up to 300 s."
    )
    cold_start: ColdStart | None = Field(None, description="A young pod is slow.")
    memory_leak: MemoryLeak | None = Field(
        None, description="Memory runs out by and by; noticed at whole seconds of the container's life."
    )
    error_latency: Law | None = Field(
        None, description="How long an attempt that fails by this fault holds its worker, instead of the latency."
    )
    drawn_per: Literal["attempt", "request", "user"] = Field(
        "attempt",
        description="What the error rate is drawn for; a retry helps only where it is the attempt.",
    )
    segment: Name | None = Field(None, description="Only users of this segment meet the fault.")
    endpoint: Name | None = Field(None, description="Only users' requests to this endpoint meet the fault.")
    user_share: Annotated[float, Quantity("share", high=1, above=True)] | None = Field(
        None, description="Only this share of users meets the fault; the same users, whatever the strategy."
    )
    pods: IntOrPercent | None = Field(
        None,
        description="Only so many pods of the version, the first to be created, or this percentage, each by its luck.",
    )
    pod_age: PositiveDuration | None = Field(
        None, description="Only pods that have run for at least this long; pods from before the run always."
    )
    above_utilization: Annotated[float, Quantity("share", high=0.999)] | None = Field(
        None,
        description="Grows from none at this share of the pod's busy workers, the request's own included, to full size "
        "when all are busy.",
    )
    at: Duration | None = Field(None, description="From this moment after the release started; without it, always.")
    for_: PositiveDuration | None = Field(None, alias="for", description="For this long; without it, to the end.")
    every: PositiveDuration | None = Field(
        None, description="Comes back in this rhythm from `at` on, each time `for` so long."
    )
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
        if self.is_of_pods:
            self._refuse_limits_of_requests()
        if self.error_rate == 0 and (self.error_latency is not None or self.drawn_per != "attempt"):
            raise ValueError("says how errors are drawn or how long they take, and has none; must have an errorRate")
        if self.every is not None and (self.for_ is None or self.for_ >= self.every):
            raise ValueError("comes back before it has ended; every needs a for, and must be longer than that")
        return self

    def _refuse_limits_of_requests(self) -> None:
        limits = [name for name in LIMITS_OF_REQUESTS if getattr(self, name) is not None]
        if self.never_live and self.every is not None:
            limits.append("every")
        if self.memory_leak is not None:
            limits += [name for name in LIMITS_IN_TIME if getattr(self, name) is not None]
        if limits:
            effects = ", ".join(self._alias(name) for name in OF_PODS if getattr(self, name))
            raise ValueError(f"limits {effects} by {self._alias(limits[0])}; pods fail for everyone, leave it out")

    @classmethod
    def _alias(cls, name: str) -> str:
        return str(cls.model_fields[name].alias)

    @property
    def is_of_pods(self) -> bool:
        """True when it happens to a pod as a whole, not to single requests."""
        return any(getattr(self, name) for name in OF_PODS)

    @property
    def is_general(self) -> bool:
        """True when everyone meets it all the time."""
        return self.is_lasting and all(getattr(self, name) is None for name in (*LIMITS_OF_REQUESTS, "pods"))

    @property
    def is_lasting(self) -> bool:
        """True when it is there all the time."""
        return all(getattr(self, name) is None for name in LIMITS_IN_TIME)

    def is_active(self, now: float) -> bool:
        """Return whether it holds at a moment, seconds since the release."""
        begins = self.last_beginning(now)
        return begins <= now < (math.inf if self.for_ is None else begins + self.for_)

    def last_beginning(self, now: float) -> float:
        """Return when it began last, or begins for the first time, seconds; a lasting one long ago."""
        if self.is_lasting:
            return -math.inf
        begins = self.at or 0.0
        if self.every is not None and now >= begins:
            begins += math.floor((now - begins) / self.every) * self.every
        return begins

    def next_beginning(self, after: float) -> float:
        """Return the next moment after `after` at which it begins; inf without one."""
        begins = self.last_beginning(after)
        if begins <= after and self.every is not None:
            begins += self.every
        return begins if begins > after else math.inf
