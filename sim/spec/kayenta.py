"""How the judge kayenta compares the new version with the old one: per metric, and the score over all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictBool, model_validator

from sim.spec.model import EMPTY, Frozen, Model, Name, PlacedError
from sim.units import Duration, Percent, PositiveDuration, Quantity

MOST_GROUPS = 20
Effect = Annotated[float, Quantity("number", high=1_000_000)]
Factor = Annotated[float, Quantity("number", high=1_000, above=True)]
Limit = Annotated[int, Quantity("count", high=1_000_000)]
NO_EFFECT = {"meanRatio": 1.0, "cles": 0.5, "cohenD": 0.0}
"""The effect size of two samples that do not differ."""


class EffectSize(Model):
    """How large a certain difference must be to count."""

    measure: Literal["meanRatio", "cles", "cohenD"] = Field(
        "meanRatio",
        description="meanRatio: mean of the new version over that of the old; cles: chance that the new one is above; "
        "cohenD: distance of the means in standard deviations, without a sign.",
    )
    allowed_increase: Effect | None = Field(
        None, description="From this effect size on an increase counts; by default 1, cles 0.5, cohenD 0."
    )
    allowed_decrease: Effect | None = Field(
        None, description="From this effect size down a decrease counts; by default 1, cles 0.5, cohenD 0."
    )
    critical_increase: Effect | None = Field(
        None,
        description="The same for a critical metric to fail the whole analysis; by default 1, cles 0.5, cohenD 0.",
    )
    critical_decrease: Effect | None = Field(
        None,
        description="The same for a critical metric to fail the whole analysis; by default 1, cles 0.5, cohenD 0.",
    )

    @property
    def allowed(self) -> tuple[float, float]:
        """Return the effect sizes (low, high) from which a decrease and an increase count."""
        return self._limits(self.allowed_decrease, self.allowed_increase)

    @property
    def critical(self) -> tuple[float, float]:
        """Return the same for a critical failure."""
        return self._limits(self.critical_decrease, self.critical_increase)

    def _limits(self, low: float | None, high: float | None) -> tuple[float, float]:
        default = NO_EFFECT[self.measure]
        return (default if low is None else low, default if high is None else high)


class Outliers(Model):
    """What happens to values far from the others, before the comparison."""

    strategy: Literal["keep", "remove"] = Field("keep", description="Whether they are left out.")
    method: Literal["iqr", "kSigma"] = Field(
        "iqr", description="iqr: by the quartiles; kSigma: by the standard deviation, which outliers themselves widen."
    )
    outlier_factor: Factor = Field(
        3.0,
        description="iqr: so many times the distance of the quartiles beyond them, never below the 99th percentile; "
        "kSigma: so many standard deviations from the mean.",
    )

    @model_validator(mode="after")
    def _is_used(self) -> Outliers:
        if self.strategy == "keep" and self.method != "iqr":
            raise PlacedError(("method",), "has no effect where outliers are kept; delete it, or give strategy: remove")
        return self


class CanaryMetric(Model):
    """How kayenta judges one metric."""

    classifier: Literal["mannWhitney", "meanInequality"] = Field(
        "mannWhitney",
        description="mannWhitney: by ranks, when the shift is certain; meanInequality: by the means alone, however "
        "little they differ.",
    )
    direction: Literal["increase", "decrease", "either"] = Field("either", description="Which difference is bad.")
    critical: StrictBool = Field(False, description="true: when it fails, the score is 0.")
    must_have_data: StrictBool = Field(False, description="true: without data it has failed.")
    nan_strategy: Literal["remove", "replace"] = Field(
        "remove", description="Values that are missing: left out, or replaced by 0."
    )
    effect_size: EffectSize = Field(EffectSize(), description="How large a difference must be to count.")
    outliers: Outliers = Field(Outliers(), description="What happens to values far from the others.")
    groups: tuple[Name, ...] = Field(
        ("all",), min_length=1, max_length=MOST_GROUPS, description="The groups whose score it is part of."
    )

    @model_validator(mode="after")
    def _uses_its_effect_size(self) -> CanaryMetric:
        if self.classifier == "meanInequality" and self.effect_size != EffectSize():
            raise PlacedError(("effectSize",), "has no effect with meanInequality, which takes any; delete it")
        return self


class CanaryScore(Model):
    """When kayenta judges, and what the score, 0 to 100, must be."""

    interval: PositiveDuration = Field(
        300.0, description="Between judgements, each over the whole series so far; the first after one interval."
    )
    initial_delay: Duration = Field(0.0, description="Before the series begin.")
    lookback: PositiveDuration | None = Field(
        None, description="Only the last values, of so long, are compared; by default all of them."
    )
    count: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None, description="Number of judgements; by default no end beside the steps, 1 where the rollout waits."
    )
    passing: Percent = Field(95.0, alias="pass", description="From this score on a judgement is a success.")
    marginal: Percent = Field(75.0, description="Below this score it is a failure; between, it is inconclusive.")
    failure_limit: Limit = Field(0, description="Failures that are tolerated; the next one fails the analysis.")
    inconclusive_limit: Limit = Field(0, description="Inconclusive judgements that are tolerated.")
    group_weights: Frozen[Name, Percent] = Field(
        EMPTY, max_length=MOST_GROUPS, description="Percent of the score by group; the others share the rest."
    )

    @model_validator(mode="after")
    def _in_order(self) -> CanaryScore:
        if self.marginal > self.passing:
            raise ValueError(f"has marginal {self.marginal:g} above pass {self.passing:g}; must not be above it")
        if sum(self.group_weights.values()) > 100:
            raise ValueError(f"has groupWeights of {sum(self.group_weights.values()):g} in all; must be at most 100")
        return self
