"""Laws of random durations: a bare duration is constant, a mapping names its distribution."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import NormalDist
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from sim.spec.model import Model, PlacedError, did_you_mean
from sim.units import LONGEST, Duration, PositiveDuration, Quantity, format_duration, shown

Z99 = NormalDist().inv_cdf(0.99)
MOST_QUANTILES = 1_001

CoefficientOfVariation = Annotated[float, Quantity("number", high=100, above=True)]
QuantileName = re.compile(r"p(\d{1,3}(?:\.\d+)?)")
QUANTILES = {
    "type": "object",
    "patternProperties": {r"^p\d{1,3}(\.\d+)?$": {"type": ["number", "string"]}},
    "additionalProperties": False,
}
ReadNumbers = Callable[[str], tuple[float, ...]]


class Constant(Model):
    """Always the same duration; a bare duration means this."""

    distribution: Literal["constant"] = Field("constant", description="The name of the law.")
    value: Duration = Field(description="The duration.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return data if isinstance(data, Mapping) else {"value": data}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(schema)
        bare = handler.resolve_ref_schema(whole)["properties"]["value"]
        return {"anyOf": [bare, whole]}

    @model_serializer(mode="wrap")
    def _as_bare(self, handler: SerializerFunctionWrapHandler) -> Any:
        return handler(self)["value"]

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.value


class Exponential(Model):
    """Memoryless: many short durations, a long tail."""

    distribution: Literal["exponential"] = Field("exponential", description="The name of the law.")
    mean: PositiveDuration = Field(description="The mean.")

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.mean


class Lognormal(Model):
    """What latencies usually look like; given by median and 99th percentile, or by mean and variation."""

    distribution: Literal["lognormal"] = Field("lognormal", description="The name of the law.")
    median: PositiveDuration | None = Field(None, description="Half of the durations are shorter; with p99.")
    p99: PositiveDuration | None = Field(None, description="99 % of the durations are shorter; above the median.")
    mean: PositiveDuration | None = Field(None, description="The mean; with cv.")
    cv: CoefficientOfVariation | None = Field(None, description="Standard deviation over mean; with mean.")

    @model_validator(mode="after")
    def _one_form(self) -> Lognormal:
        given = {name for name in ("median", "p99", "mean", "cv") if getattr(self, name) is not None}
        if given not in ({"median", "p99"}, {"mean", "cv"}):
            raise ValueError(f"has {_listed(given)}; must have median and p99, or mean and cv")
        if self.median is not None and self.p99 is not None and self.p99 <= self.median:
            median, p99 = format_duration(self.median), format_duration(self.p99)
            raise PlacedError(("p99",), f"is {p99}; must be above the median, {median}")
        return self

    @property
    def mu(self) -> float:
        """Return the mean of the logarithm."""
        if self.median is not None:
            return math.log(self.median)
        assert self.mean is not None
        return math.log(self.mean) - self.sigma**2 / 2

    @property
    def sigma(self) -> float:
        """Return the standard deviation of the logarithm."""
        if self.median is not None and self.p99 is not None:
            return math.log(self.p99 / self.median) / Z99
        assert self.cv is not None
        return math.sqrt(math.log1p(self.cv**2))

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.mean if self.mean is not None else math.exp(self.mu + self.sigma**2 / 2)


class Gamma(Model):
    """A sum of stages: less spread than exponential for cv below 1, more above."""

    distribution: Literal["gamma"] = Field("gamma", description="The name of the law.")
    mean: PositiveDuration = Field(description="The mean.")
    cv: CoefficientOfVariation = Field(description="Standard deviation over mean.")

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.mean


class Weibull(Model):
    """Life times: given by mean and coefficient of variation."""

    distribution: Literal["weibull"] = Field("weibull", description="The name of the law.")
    mean: PositiveDuration = Field(description="The mean.")
    cv: CoefficientOfVariation = Field(description="Standard deviation over mean.")

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.mean


class Pareto(Model):
    """A heavy tail above a minimum: density falls with the power shape + 1."""

    distribution: Literal["pareto"] = Field("pareto", description="The name of the law.")
    minimum: PositiveDuration = Field(description="The shortest duration.")
    shape: Annotated[float, Quantity("number", low=1, high=1_000, above=True)] = Field(
        description="The tail's exponent; above 1, so that there is a mean."
    )

    def mean_seconds(self) -> float:
        """Return the mean."""
        return self.minimum * self.shape / (self.shape - 1)


class Uniform(Model):
    """Equally likely between two durations."""

    distribution: Literal["uniform"] = Field("uniform", description="The name of the law.")
    low: Duration = Field(description="The shortest duration.")
    high: PositiveDuration = Field(description="The longest duration; above low.")

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.high <= self.low:
            low, high = format_duration(self.low), format_duration(self.high)
            raise PlacedError(("high",), f"is {high}; must be above low, {low}")
        return self

    def mean_seconds(self) -> float:
        """Return the mean."""
        return (self.low + self.high) / 2


class Empirical(Model):
    """Measured durations: straight lines between quantiles, or the values of a file."""

    distribution: Literal["empirical"] = Field("empirical", description="The name of the law.")
    quantiles: Annotated[tuple[tuple[float, float], ...], WithJsonSchema(QUANTILES)] = Field(
        description="Durations by quantile, from p0 to p100, increasing: {p0: 5ms, p50: 30ms, p99: 120ms, p100: 2s}."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping) or "file" not in data:
            return data
        if "quantiles" in data:
            raise ValueError("has quantiles and file; must have one of them")
        if not isinstance(data["file"], str):
            raise ValueError(f"has file {shown(data['file'])}; must be the name of a file in the scenario's folder")
        read: ReadNumbers | None = (info.context or {}).get("read_numbers")
        if read is None:
            raise ValueError("names a file; files are not read here, give quantiles instead")
        rest = {key: value for key, value in data.items() if key != "file"}
        return {**rest, "quantiles": quantiles_of(read(data["file"]))}

    @model_validator(mode="before")
    @classmethod
    def _from_names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not isinstance(data.get("quantiles"), Mapping):
            return data
        return {**data, "quantiles": tuple(_pair(name, value) for name, value in data["quantiles"].items())}

    @model_validator(mode="after")
    def _increasing(self) -> Empirical:
        if len(self.quantiles) > MOST_QUANTILES:
            raise ValueError(f"has {len(self.quantiles)} quantiles; must be at most {MOST_QUANTILES}")
        probabilities = [probability for probability, _ in self.quantiles]
        values = [value for _, value in self.quantiles]
        if not probabilities or (probabilities[0], probabilities[-1]) != (0.0, 1.0):
            raise ValueError("has quantiles that do not span p0 to p100; must start with p0 and end with p100")
        if any(right <= left for left, right in pairwise(probabilities)):
            raise ValueError("has quantiles out of order; must go from p0 to p100")
        if any(right < left for left, right in pairwise(values)):
            raise ValueError("has quantiles whose durations fall; durations must increase")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        whole = handler(schema)
        inner = handler.resolve_ref_schema(whole)
        file = {"type": "string", "description": "A file of values, one a line, in the scenario's folder."}
        inner["properties"]["file"] = file
        inner["required"] = [name for name in inner["required"] if name != "quantiles"]
        inner["oneOf"] = [{"required": ["quantiles"]}, {"required": ["file"]}]
        return whole

    @model_serializer(mode="wrap")
    def _as_names(self, handler: SerializerFunctionWrapHandler) -> Any:
        named = {f"p{probability * 100:.12g}": value for probability, value in self.quantiles}
        return {"distribution": "empirical", "quantiles": named}

    def mean_seconds(self) -> float:
        """Return the mean."""
        steps = pairwise(self.quantiles)
        return sum((right[0] - left[0]) * (left[1] + right[1]) / 2 for left, right in steps)


def quantiles_of(values: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Return the quantiles of measured values at evenly spaced probabilities, as many as values up to a bound."""
    ordered = sorted(values)
    if len(ordered) == 1:
        ordered *= 2
    points = min(len(ordered), MOST_QUANTILES)
    ranks = [index * (len(ordered) - 1) / (points - 1) for index in range(points)]
    return tuple((round(index / (points - 1), 12), _between(ordered, rank)) for index, rank in enumerate(ranks))


def _between(ordered: list[float], rank: float) -> float:
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])


def _pair(name: Any, value: Any) -> tuple[float, float]:
    found = QuantileName.fullmatch(name) if isinstance(name, str) else None
    if found is None or float(found[1]) > 100:
        raise ValueError(f"has the quantile {shown(name)}; must be p0 to p100, such as p50 or p99.9")
    try:
        duration = Quantity("duration", high=LONGEST).parse(value)
    except ValueError as error:
        raise ValueError(f"has {name} that {error}") from None
    return round(float(found[1]) / 100, 14), duration


def _listed(names: set[str]) -> str:
    return " and ".join(sorted(names)) or "no parameter"


DISTRIBUTIONS = {
    law.model_fields["distribution"].default: law
    for law in (Constant, Exponential, Lognormal, Gamma, Weibull, Pareto, Uniform, Empirical)
}


def _distribution(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value.get("distribution")
    return getattr(value, "distribution", "constant")


def _known(value: Any) -> Any:
    if not isinstance(value, Mapping) or value.get("distribution") in DISTRIBUTIONS:
        if isinstance(value, (list, tuple)):
            raise ValueError("is a list; must be a duration or a distribution")
        return value
    if "distribution" not in value:
        raise ValueError(f"is a mapping without 'distribution'; must name one of {', '.join(DISTRIBUTIONS)}")
    name = value["distribution"]
    raise ValueError(f"has the unknown distribution {shown(name)}{did_you_mean(str(name), DISTRIBUTIONS)}")


Law: TypeAlias = Annotated[
    Annotated[Constant, Tag("constant")]
    | Annotated[Exponential, Tag("exponential")]
    | Annotated[Lognormal, Tag("lognormal")]
    | Annotated[Gamma, Tag("gamma")]
    | Annotated[Weibull, Tag("weibull")]
    | Annotated[Pareto, Tag("pareto")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Empirical, Tag("empirical")],
    Discriminator(_distribution),
    BeforeValidator(_known),
]


def constant(seconds: float) -> Constant:
    """Return the law that is always `seconds`."""
    return Constant(value=seconds)
