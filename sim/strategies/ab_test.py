"""A/B test: two versions for two groups of users, then the better one for all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.analysis import Guardrail
from sim.spec.strategy import SegmentMatch
from sim.strategies.story import Story
from sim.units import Percent, PositiveDuration, Quantity, format_duration

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.cluster.experiment import Found
    from sim.strategies.rollout import Rollout

SCALE_DOWN_DELAY_SECONDS = 30.0
"""How long the pods of the version that lost live on, as in a canary."""

Alpha = Annotated[float, Quantity("share", high=0.5, above=True)]


class ABTest(Story):
    """Show the new version (treatment) to a group of users for a while, compare, then decide for everyone."""

    kind: ClassVar[str] = "abTest"
    summary: ClassVar[str] = "Show the new version to a group of users and decide by what they do."
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")

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

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        until = (
            f"for {format_duration(self.duration)}" if self.duration else f"until both have {self.samples_per_variant}"
        )
        return ("Start the treatment's pods", f"Compare treatment and control {until}", "Decide for all users")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Divide the users, wait, compare, and give all of them the better version."""
        steps = rollout.steps()
        steps.begin()
        yield from rollout.scale_to_weight(self._treatment_percent(rollout))
        yield from self._divide(rollout)
        steps.begin()
        experiment = rollout.experiment(self.kind)
        if self.guardrail is not None:
            rollout.start_analysis(self.guardrail, "guardrail")
        if self.samples_per_variant is None:
            yield from rollout.pause(self.duration)
        else:
            yield from rollout.await_samples(experiment, self.samples_per_variant)
        steps.begin()
        found = experiment.compare(self.alpha)
        if self._promotes(found):
            yield from rollout.promote(found.reason, SCALE_DOWN_DELAY_SECONDS)
        else:
            yield from rollout.abort(SCALE_DOWN_DELAY_SECONDS)
            rollout.finish("kept", found.reason)

    def undo(self, rollout: Rollout) -> Steps:
        """Give all users to control."""
        yield from rollout.abort(SCALE_DOWN_DELAY_SECONDS)

    def _divide(self, rollout: Rollout) -> Steps:
        """Send the treatment group to the new version, and wait until the mesh does."""
        if self.unit == "user":
            rollout.stick_to_users()
        if self.match:
            rollout.match(self.match)
        rollout.set_weight(self.weight or 0.0)
        yield from rollout.await_route()

    def _treatment_percent(self, rollout: Rollout) -> float:
        """Return the percentage of users that the treatment's pods are for: the weight, or else the segments' share."""
        return rollout.percent_of_users(self.match) if self.weight is None else self.weight

    def _promotes(self, found: Found) -> bool:
        if found.difference.judgement.phase == "Inconclusive":
            return self.on_no_difference == "promote"
        return found.difference.judgement.phase == "Successful"
