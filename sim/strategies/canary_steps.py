"""The steps of a canary, as the file says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    StrictBool,
    Tag,
    model_validator,
)

from sim.cluster.argo.counts import Threshold
from sim.cluster.argo.plan import Planned, Scale, Template
from sim.spec.analysis import InlineAnalysis
from sim.spec.header_match import HeaderMatch
from sim.spec.model import Model, Name, PlacedError, Text, did_you_mean
from sim.strategies.step import Step, WrappedStep
from sim.units import Percent, PositiveDuration, Quantity, format_duration, plain, shown

MOST_STEPS = 100
MOST_WEIGHT = 100_000_000
ALL_PERCENT = 100

Weight = Annotated[float, Quantity("percent", high=MOST_WEIGHT)]


class SetWeight(Step):
    """Send this percentage of the requests to the new version."""

    word: ClassVar[str] = "setWeight"
    set_weight: Weight = Field(
        description="Share of the requests for the new version, in parts of maxTrafficWeight (100: a percentage); "
        "never rounded with a mesh."
    )

    def text(self) -> str:
        """Return the step in words."""
        return self.text_of(ALL_PERCENT)

    def text_of(self, max_weight: float) -> str:
        """Return the step in words where all users are this much weight."""
        return f"{plain(self.set_weight * ALL_PERCENT / max_weight)} % of the users"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("setWeight", weight=self.set_weight)


class Pause(WrappedStep):
    """Wait: for a time, or for a person."""

    word: ClassVar[str] = "pause"
    duration: PositiveDuration | None = Field(None, description="How long; without it, until a person approves.")

    def text(self) -> str:
        """Return the step in words."""
        return "Wait for a person" if self.duration is None else f"Wait {format_duration(self.duration)}"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("pause", seconds=self.duration)


class Analyse(Step):
    """Judge the new version and wait for the verdict."""

    word: ClassVar[str] = "analysis"
    analysis: InlineAnalysis = Field(description="The rollout goes on when it succeeds and is undone when it fails.")

    def text(self) -> str:
        """Return the step in words."""
        return f"Analyse {', '.join(metric.name for metric in self.analysis.metrics)}"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("analysis")


class SetCanaryScale(WrappedStep):
    """Set the number of canary pods apart from the weight; needs a mesh."""

    word: ClassVar[str] = "setCanaryScale"
    replicas: Annotated[int, Quantity("count", high=10_000)] | None = Field(None, description="So many pods.")
    weight: Weight | None = Field(
        None, description="As many as this weight needs, above maxTrafficWeight more than replicas."
    )
    match_traffic_weight: StrictBool | None = Field(None, description="true: follow the weight again.")

    def text(self) -> str:
        """Return the step in words."""
        if self.replicas is not None:
            return f"{self.replicas} canary pods"
        return f"Canary pods for {plain(self.weight)} %" if self.weight is not None else "Canary pods follow the weight"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        scale = Scale(self.replicas, self.weight, bool(self.match_traffic_weight))
        return Planned("setCanaryScale", scale=scale)

    @model_validator(mode="after")
    def _one_way(self) -> SetCanaryScale:
        if sum(value is not None for value in (self.replicas, self.weight, self.match_traffic_weight)) != 1:
            raise ValueError("must have one of replicas, weight and matchTrafficWeight")
        return self


class SetHeaderRoute(WrappedStep):
    """Send requests with a header to the new version, whatever the weight; needs a mesh."""

    word: ClassVar[str] = "setHeaderRoute"
    name: Text = Field(description="The route's name: the same one again replaces it.")
    match: tuple[HeaderMatch, ...] = Field(
        (), max_length=50, description="Any of these headers; without it, the route of that name ends."
    )

    def text(self) -> str:
        """Return the step in words."""
        if not self.match:
            return f"No more header route {self.name}"
        return f"Requests with the header {' or '.join(match.header_name for match in self.match)}"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("setHeaderRoute")


class SetMirrorRoute(WrappedStep):
    """Send copies of the requests to the new version; needs a mesh."""

    word: ClassVar[str] = "setMirrorRoute"
    not_simulated: ClassVar[tuple[str, ...]] = ("match",)
    name: Text = Field(description="The route's name: the same one again replaces it.")
    percentage: Percent | None = Field(
        None, description="Percentage of all requests that are copied; without it, the route of that name ends."
    )

    def text(self) -> str:
        """Return the step in words."""
        if self.percentage is None:
            return f"No more mirror route {self.name}"
        return f"Copies of {plain(self.percentage)} % of the requests"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("setMirrorRoute")


class ExperimentTemplate(Model):
    """Pods of one version that an experiment runs beside the others."""

    name: Name = Field(description="Its name, which its pods carry.")
    spec_ref: Literal["stable", "canary"] = Field(description="The version: the old one or the new one.")
    replicas: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(1, description="So many pods.")
    weight: Weight | None = Field(
        None,
        description="Its version's share of the requests grows by this while it runs, in parts of maxTrafficWeight.",
    )


class Experiment(WrappedStep):
    """Run pods of both versions beside the others for a time and judge; its pods answer with those of their version."""

    word: ClassVar[str] = "experiment"
    duration: PositiveDuration | None = Field(
        None, description="How long, from when all its pods are available; without it, until the analysis has ended."
    )
    templates: tuple[ExperimentTemplate, ...] = Field(min_length=1, max_length=10, description="What runs.")
    analysis: InlineAnalysis | None = Field(None, description="The release is undone when it fails.")

    def text(self) -> str:
        """Return the step in words."""
        lasts = "" if self.duration is None else f" for {format_duration(self.duration)}"
        return f"Experiment with {' and '.join(template.name for template in self.templates)}{lasts}"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        templates = (Template(each.name, each.weight, each.spec_ref == "canary") for each in self.templates)
        return Planned("experiment", experiment=tuple(templates))

    @model_validator(mode="after")
    def _ends(self) -> Experiment:
        if self.duration is None and self.analysis is None:
            raise ValueError("has neither duration nor analysis; must have one of them, else it never ends")
        return self


class ProgressThreshold(Model):
    """How much of the new version must be available before a canary goes on."""

    type: Literal["Percent", "Pods"] = Field(description="Percent: of the pods that the step needs; Pods: pods.")
    value: Annotated[int, Quantity("count", high=10_000)] = Field(description="So many.")

    @property
    def threshold(self) -> Threshold:
        """Return the threshold as the controller sees it."""
        return Threshold(self.type, self.value)

    @model_validator(mode="after")
    def _is_share(self) -> ProgressThreshold:
        if self.type == "Percent" and self.value > ALL_PERCENT:
            raise PlacedError(("value",), f"is {self.value}; must be between 0 and 100 where type is Percent")
        return self


class ReplicaProgressThreshold(ProgressThreshold, WrappedStep):
    """From here on, go on when so much of the new version is available."""

    word: ClassVar[str] = "replicaProgressThreshold"

    def text(self) -> str:
        """Return the step in words."""
        enough = f"{self.value} %" if self.type == "Percent" else f"{self.value} pods"
        return f"Go on with {enough} available"

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        return Planned("replicaProgressThreshold", threshold=self.threshold)


STEPS = {
    step.word: step
    for step in (
        SetWeight,
        Pause,
        Analyse,
        SetCanaryScale,
        SetHeaderRoute,
        SetMirrorRoute,
        Experiment,
        ReplicaProgressThreshold,
    )
}


def _word(step: Any) -> Any:
    if isinstance(step, Step):
        return step.word
    return next((key for key in step if key in STEPS), None) if isinstance(step, Mapping) else None


def _one_key(step: Any) -> Any:
    if isinstance(step, Step):
        return step
    known = ", ".join(STEPS)
    if not isinstance(step, Mapping):
        raise ValueError(f"is {shown(step)}; must be a mapping with one key of {known}")
    if len(step) != 1:
        raise ValueError(f"has the keys {', '.join(map(str, step)) or 'of nothing'}; must have one key of {known}")
    key = next(iter(step))
    if key not in STEPS:
        raise ValueError(f"has the unknown step {shown(key)}{did_you_mean(str(key), STEPS)}")
    return step


CanaryStep: TypeAlias = Annotated[
    Annotated[SetWeight, Tag("setWeight")]
    | Annotated[Pause, Tag("pause")]
    | Annotated[Analyse, Tag("analysis")]
    | Annotated[SetCanaryScale, Tag("setCanaryScale")]
    | Annotated[SetHeaderRoute, Tag("setHeaderRoute")]
    | Annotated[SetMirrorRoute, Tag("setMirrorRoute")]
    | Annotated[Experiment, Tag("experiment")]
    | Annotated[ReplicaProgressThreshold, Tag("replicaProgressThreshold")],
    Discriminator(_word),
    BeforeValidator(_one_key),
]
