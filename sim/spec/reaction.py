"""What users do after an answer, or without one: try again, go on, come back."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from sim.spec.distributions import Constant, Law
from sim.spec.model import Model, PlacedError, did_you_mean
from sim.units import Quantity

MOST_RETRIES = 10
MOST_CALLERS = 100_000
CONDITIONS = ("5xx", "abandoned")
STATUS_CODE = re.compile(r"[45]\d\d")
ABANDONED_STATUS = 499
"""Source: nginx, client closed request."""
WORDS = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": 20}]}


def _words(value: Any) -> Any:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


def _known(condition: str) -> str:
    if condition in CONDITIONS or STATUS_CODE.fullmatch(condition):
        return condition
    raise ValueError(f"is {condition!r:.60}{did_you_mean(condition, (*CONDITIONS, '503'))}")


Conditions = Annotated[
    tuple[Annotated[str, AfterValidator(_known)], ...], BeforeValidator(_words), WithJsonSchema(WORDS)
]


class UserRetries(Model):
    """A user whose request failed sends it again: a new request, which the mesh may retry in its turn."""

    attempts: Annotated[int, Quantity("count", low=1, high=MOST_RETRIES)] = Field(
        1, description="Most repeats of one request."
    )
    backoff: Law = Field(Constant(value=1.0), description="From the failure to the repeat.")
    on: Conditions = Field(
        CONDITIONS,
        min_length=1,
        max_length=20,
        description="What is repeated: a list, or words with commas: 5xx, a status such as 503, or abandoned.",
    )

    def statuses(self) -> frozenset[int]:
        """Return the statuses after which a user tries again."""
        said = {word: {int(word)} for word in self.on if word.isdecimal()}
        known = {"5xx": set(range(500, 600)), "abandoned": {ABANDONED_STATUS}}
        return frozenset().union(*((said | known)[word] for word in self.on))


class Sessions(Model):
    """A user comes for several requests, one after the other."""

    requests: Law = Field(
        description="Requests of a session: a number or a distribution of numbers, rounded at random so that their "
        "mean stays. The rate counts requests, so sessions are rarer."
    )
    think_time: Law = Field(description="From an answer, the last of its repeats, to the user's next request.")

    @model_validator(mode="after")
    def _of_a_request_at_least(self) -> Sessions:
        if self.requests.mean_seconds() < 1:
            mean = self.requests.mean_seconds()
            raise PlacedError(("requests",), f"has the mean {mean:g}; must be at least 1 request")
        return self


class ClosedLoop(Model):
    """So many callers, each with one request at a time: who waits sends nothing, as in a load test."""

    callers: Annotated[int, Quantity("count", low=1, high=MOST_CALLERS)] = Field(
        description="Number of callers; each is a user of its own."
    )
    think_time: Law = Field(description="From an answer to the caller's next request; each begins with one.")
    requests: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None, description="Most requests of a caller; without it, they go on to the end of the run."
    )

    @model_validator(mode="after")
    def _ends(self) -> ClosedLoop:
        if self.requests is None and self.think_time.mean_seconds() <= 0:
            raise PlacedError(("thinkTime",), "is 0; must be longer, or give requests: else there is no end to them")
        return self

    def most_requests(self, span: float) -> float:
        """Return how many requests callers can be expected to send at most, were every answer immediate."""
        mean = self.think_time.mean_seconds()
        endless = span / mean if mean > 0 else float("inf")
        return self.callers * min(endless, float("inf") if self.requests is None else float(self.requests))
