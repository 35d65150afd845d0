"""The steps of a canary, as the file says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StrictBool,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from sim.cluster.argo.plan import Planned, Scale
from sim.spec.analysis import InlineAnalysis
from sim.spec.model import Model, did_you_mean
from sim.units import Percent, PositiveDuration, Quantity, format_duration, plain, shown

MOST_STEPS = 100


class Step(Model):
    """One step of a canary: a mapping with one key, its word."""

    word: ClassVar[str]

    def text(self) -> str:
        """Return the step in words."""
        raise NotImplementedError

    def planned(self) -> Planned:
        """Return the step as the controller sees it."""
        raise NotImplementedError


class WrappedStep(Step):
    """A step whose word holds a mapping of its keys."""

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, data: Any) -> Any:
        if not (isinstance(data, Mapping) and set(data) == {cls.word}):
            return data
        inner = data[cls.word]
        if not isinstance(inner, Mapping):
            raise ValueError(f"is {shown(inner)}; must be a mapping, {{}} if it has nothing to say")
        return dict(inner)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {cls.word: handler(schema)},
            "required": [cls.word],
            "additionalProperties": False,
        }

    @model_serializer(mode="wrap")
    def _wrapped(self, handler: SerializerFunctionWrapHandler) -> Any:
        return {self.word: handler(self)}


class SetWeight(Step):
    """Send this percentage of the requests to the new version."""

    word: ClassVar[str] = "setWeight"
    set_weight: Percent = Field(
        description="Percentage of the requests for the new version; never rounded with a mesh."
    )

    def text(self) -> str:
        """Return the step in words."""
        return f"{plain(self.set_weight)} % of the users"

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
    weight: Percent | None = Field(None, description="So many percent of replicas.")
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


STEPS = {step.word: step for step in (SetWeight, Pause, Analyse, SetCanaryScale)}


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
    | Annotated[SetCanaryScale, Tag("setCanaryScale")],
    Discriminator(_word),
    BeforeValidator(_one_key),
]
