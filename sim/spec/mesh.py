"""The service mesh: balancing, timeouts, retries and ejection, with Istio's meaning and defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sim.spec.distributions import Constant, Law
from sim.spec.model import Model, did_you_mean
from sim.units import Duration, Percent, PositiveDuration, Quantity

# Source: Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on; Istio 1.24 retries the first four unless told otherwise.
RETRY_CONDITIONS = (
    "connect-failure",
    "refused-stream",
    "unavailable",
    "cancelled",
    "5xx",
    "gateway-error",
    "reset",
)
DEFAULT_RETRY_ON = RETRY_CONDITIONS[:4]
RETRY_ON = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 20}]}
STATUS_CODE = re.compile(r"[45]\d\d")
MOST_ATTEMPTS = 10


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


def _known(condition: str) -> str:
    if condition in RETRY_CONDITIONS or STATUS_CODE.fullmatch(condition):
        return condition
    raise ValueError(f"is {condition!r:.60}{did_you_mean(condition, (*RETRY_CONDITIONS, '503'))}")


RetryOn = Annotated[
    tuple[Annotated[str, AfterValidator(_known)], ...], BeforeValidator(_words), WithJsonSchema(RETRY_ON)
]


class Retries(Model):
    """Second tries by the mesh, at another pod if there is one."""

    attempts: Annotated[int, Quantity("count", high=MOST_ATTEMPTS)] = Field(
        2, description="Most retries of a request; 0 turns retries off."
    )
    per_try_timeout: PositiveDuration | None = Field(
        None, description="Timeout of one attempt; without it, the whole timeout."
    )
    retry_on: RetryOn = Field(
        DEFAULT_RETRY_ON,
        max_length=20,
        description="What is retried: a list, or Istio's words with commas. A 500 is retried only by 5xx or 500.",
    )
    backoff: Duration = Field(0.025, description="Base wait before a retry; it doubles, with jitter, as in Envoy.")


class RetryBudget(Model):
    """How many retries may be under way at once."""

    percent: Percent = Field(20.0, description="Retries per 100 requests under way.")
    min_retry_concurrency: Annotated[int, Quantity("count", high=10_000)] = Field(
        3, description="So many retries are always allowed."
    )


class OutlierDetection(Model):
    """Taking a pod out of the balancing after errors in a row."""

    consecutive_5xx_errors: Annotated[int, Quantity("count", low=1, high=10_000)] = Field(
        5, alias="consecutive5xxErrors", description="Errors in a row that eject a pod."
    )
    interval: PositiveDuration = Field(10.0, description="Between two looks at which pods may return.")
    base_ejection_time: PositiveDuration = Field(
        30.0, description="Time out, multiplied by the number of ejections so far."
    )
    max_ejection_percent: Percent = Field(
        10.0, description="Most pods of a service ejected at once; one is always allowed."
    )


class Mesh(Model):
    """A service mesh in front of every service; without one, Kubernetes picks a random pod."""

    load_balancer: Literal["leastRequest", "roundRobin", "random", "consistentHash"] = Field(
        "leastRequest", description="How a pod of the chosen version is picked."
    )
    propagation_delay: Law = Field(Constant(value=1.0), description="From a change of routes until proxies follow it.")
    timeout: PositiveDuration | None = Field(
        None, description="Timeout of a request with its retries; without it, none."
    )
    retries: Retries = Field(Retries(), description="Second tries.")
    retry_budget: RetryBudget | None = Field(None, description="Bounds retries under way; without it, no bound.")
    outlier_detection: OutlierDetection | None = Field(None, description="Ejects failing pods; without it, off.")
