"""Canary: the new version gets a growing share of the requests, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeAlias

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

from sim.spec.analysis import BackgroundAnalysis, InlineAnalysis
from sim.spec.model import Model, PlacedError, did_you_mean
from sim.strategies.story import Story
from sim.units import IntOrPercent, Percent, PositiveDuration, Quantity, Seconds, format_duration, plain, shown

if TYPE_CHECKING:
    from sim.cluster.clock import Steps
    from sim.strategies.rollout import Rollout

MOST_STEPS = 100


class Step(Model):
    """One step of a canary: a mapping with one key, its word."""

    word: ClassVar[str]

    def text(self) -> str:
        """Return the step in words."""
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


class Pause(WrappedStep):
    """Wait: for a time, or for a person."""

    word: ClassVar[str] = "pause"
    duration: PositiveDuration | None = Field(None, description="How long; without it, until a person approves.")

    def text(self) -> str:
        """Return the step in words."""
        return "Wait for a person" if self.duration is None else f"Wait {format_duration(self.duration)}"


class Analyse(Step):
    """Judge the new version and wait for the verdict."""

    word: ClassVar[str] = "analysis"
    analysis: InlineAnalysis = Field(description="The rollout goes on when it succeeds and is undone when it fails.")

    def text(self) -> str:
        """Return the step in words."""
        return f"Analyse {', '.join(metric.name for metric in self.analysis.metrics)}"


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


class Canary(Story):
    """Raise the share of the new version step by step, watched by an analysis."""

    kind: ClassVar[str] = "canary"
    summary: ClassVar[str] = "Send a growing share of the requests to the new version: few users meet a bad one."
    actions: ClassVar[tuple[str, ...]] = ("promote", "abort", "undo", "scale")

    type: Literal["canary"] = Field("canary", description="The strategy; may be left out where the name says it.")
    steps: tuple[CanaryStep, ...] = Field(
        (),
        max_length=MOST_STEPS,
        description="What happens in order; after the last step the new version has everything.",
    )
    analysis: BackgroundAnalysis | None = Field(
        None, description="Runs beside the steps and undoes the release when it fails."
    )
    traffic_routing: Literal["mesh", "none"] | None = Field(
        None,
        description="mesh: the mesh makes the share; none: the number of pods does. By default mesh if there is one.",
    )
    max_surge: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods above replicas without a mesh; a percentage rounds up."
    )
    max_unavailable: IntOrPercent = Field(
        IntOrPercent(25, True), description="Pods below replicas without a mesh; a percentage rounds down."
    )
    sticky: Literal["none", "user"] = Field("none", description="user: a user stays with a version; needs a mesh.")
    scale_down_delay_seconds: Seconds = Field(30.0, description="How long the old pods live on after the last step.")
    abort_scale_down_delay_seconds: Seconds = Field(
        30.0, description="How long the new pods live on after an abort; 0 means for ever."
    )

    @model_validator(mode="after")
    def _can_move(self) -> Canary:
        if self.max_surge.value == 0 and self.max_unavailable.value == 0:
            raise ValueError(
                "has maxSurge and maxUnavailable 0; must have one of them above 0, else no pod can be exchanged"
            )
        return self

    @model_validator(mode="after")
    def _starts_at_a_step(self) -> Canary:
        if self.analysis is not None and self.analysis.starting_step >= max(1, len(self.steps)):
            message = f"is {self.analysis.starting_step}; must be below the number of steps, {len(self.steps)}"
            raise PlacedError(("analysis", "startingStep"), message)
        return self

    def shares_by_pods(self, has_mesh: bool) -> bool:
        """Return whether pods make the share: where there is no mesh or it is not to be used."""
        return not has_mesh or self.traffic_routing == "none"

    def steps_text(self) -> tuple[str, ...]:
        """Return the planned steps in words."""
        return (*(step.text() for step in self.steps), "Promote: all users")

    def roll_out(self, rollout: Rollout) -> Steps:
        """Go through the steps, watched by the analysis, then promote."""
        if self.sticky == "user":
            rollout.stick_to_users()
        steps = rollout.steps()
        scale: SetCanaryScale | None = None
        for index, step in enumerate(self.steps):
            steps.begin()
            self._watch(rollout, index)
            match step:
                case SetWeight():
                    yield from self._set_weight(rollout, step.set_weight, scale)
                case Pause():
                    yield from rollout.pause(step.duration)
                case Analyse():
                    yield from rollout.judge(step.analysis, f"analysis of step {index + 1}")
                case SetCanaryScale():
                    scale = None if step.match_traffic_weight else step
                    yield from self._scale(rollout, rollout.weight, scale)
        if not self.steps:
            self._watch(rollout, 0)
        steps.begin()
        yield from self._promote(rollout)

    def undo(self, rollout: Rollout) -> Steps:
        """Take the weight away at once, then the pods; without a mesh both go together."""
        if rollout.is_by_pods:
            yield from rollout.share_pods(0.0, self.max_surge, self.max_unavailable)
        else:
            yield from rollout.abort(self.abort_scale_down_delay_seconds)

    def _watch(self, rollout: Rollout, index: int) -> None:
        if self.analysis is not None and self.analysis.starting_step == index:
            rollout.start_analysis(self.analysis, "analysis")

    def _set_weight(self, rollout: Rollout, weight: float, scale: SetCanaryScale | None) -> Steps:
        """Move the weight once the pods that are to carry it are available."""
        if rollout.is_by_pods:
            yield from rollout.share_pods(weight, self.max_surge, self.max_unavailable)
        else:
            yield from self._scale(rollout, weight, scale)
            rollout.set_weight(weight)

    def _scale(self, rollout: Rollout, weight: float, scale: SetCanaryScale | None) -> Steps:
        yield from rollout.scale_to_weight(
            weight, scale_replicas=scale.replicas if scale else None, scale_weight=scale.weight if scale else None
        )

    def _promote(self, rollout: Rollout) -> Steps:
        why = "All steps are done."
        if rollout.is_by_pods:
            yield from rollout.share_pods(100.0, self.max_surge, self.max_unavailable)
            rollout.finish("promoted", why)
        else:
            yield from rollout.promote(why, self.scale_down_delay_seconds)
