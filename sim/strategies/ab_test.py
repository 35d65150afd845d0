"""A/B test: two versions for two groups of users, then the better one for all."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.analysis import Guardrail
from sim.spec.strategy import SegmentMatch
from sim.strategies.story import Story
from sim.units import Percent, PositiveDuration, Quantity

Alpha = Annotated[float, Quantity("share", high=0.5, above=True)]


class ABTest(Story):
    """Show the new version (treatment) to a group of users for a while, compare, then decide for everyone."""

    kind: ClassVar[str] = "abTest"
    summary: ClassVar[str] = "Show the new version to a group of users and decide by what they do."

    type: Literal["abTest"] = Field("abTest", description="The strategy; may be left out where the name says it.")
    weight: Percent | None = Field(None, description="Percentage of users (or requests) in the treatment group.")
    match: tuple[SegmentMatch, ...] = Field(
        (), max_length=50, description="Segments that are always in the treatment group."
    )
    unit: Literal["user", "request"] = Field(
        "user", description="What is divided: a user stays in a group, a request does not."
    )
    duration: PositiveDuration | None = Field(None, description="How long it runs; or give samplesPerVariant.")
    samples_per_variant: Annotated[int, Quantity("count", low=1, high=10_000_000)] | None = Field(
        None, description="It ends when both groups have so many exposed users (or requests)."
    )
    metric: Literal["conversion"] = Field("conversion", description="What is compared.")
    alpha: Alpha = Field(0.05, description="Error rate of the decision, two-sided.")
    guardrail: Guardrail | None = Field(None, description="An analysis that ends the test early when it fails.")
    on_no_difference: Literal["keepControl", "promote"] = Field(
        "keepControl", description="What happens without a difference."
    )

    @model_validator(mode="after")
    def _has_groups(self) -> ABTest:
        if self.weight is None and not self.match:
            raise ValueError("has neither weight nor match; must have at least one of them")
        if (self.duration is None) == (self.samples_per_variant is None):
            given = "neither" if self.duration is None else "both"
            raise ValueError(f"has {given} of duration and samplesPerVariant; must have one of them")
        return self
