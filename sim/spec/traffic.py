"""The requests that users send: a rate, a profile of rates, or a recorded trace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from sim.spec.bursty import Bursty
from sim.spec.distributions import Law
from sim.spec.endpoint import Endpoint
from sim.spec.model import EMPTY, Frozen, Model, Name, PlacedError
from sim.spec.reaction import ClosedLoop
from sim.spec.replay import Recording
from sim.units import LONGEST, Duration, PositiveDuration, Rate, format_duration

MOST_POINTS = 1_000
MOST_ENDPOINTS = 50
ROUNDING = 1e-6
MOST_REPEATED_POINTS = 1_000_000
"""A profile is written out for its run; so many points are one every 2.6 s of the longest."""

Stretch = tuple[float, float, float, float]
"""From, to, rate at from, rate at to."""


class ProfilePoint(Model):
    """The rate from one moment on, or reached at that moment by a line."""

    at: Duration = Field(description="After the release started; before the first point its rate holds.")
    rate: Rate = Field(description="Requests per second.")
    ramp: Literal["step", "linear"] = Field(
        "step", description="step: the rate holds until the next point; linear: it moves in a line to the next point's."
    )


class Traffic(Model):
    """What arrives where; one of rate, profile and trace."""

    entry: Name = Field("", description="The service that users call; may be left out when there is one service.")
    rate: Rate | None = Field(None, description="A constant rate.")
    profile: tuple[ProfilePoint, ...] = Field(
        (), max_length=MOST_POINTS, description="Rates from moments on, in order."
    )
    period: PositiveDuration | None = Field(
        None, description="The profile begins again after this long, also before the release: 24h for a daily curve."
    )
    arrivals: Literal["poisson", "constant", "closedLoop"] = Field(
        "poisson",
        description="poisson: independent users; constant: evenly spaced; closedLoop: callers who wait for answers.",
    )
    closed_loop: ClosedLoop | None = Field(
        None, description="The callers, with arrivals: closedLoop, instead of a rate."
    )
    bursty: Bursty | None = Field(None, description="Bursts and lulls around the rate or profile.")
    batch_size: Law | None = Field(
        None,
        description="Requests that arrive at one moment: a number or a distribution of numbers, rounded at random so "
        "that their mean stays. The rate counts requests, so batches are rarer.",
    )
    trace: Recording | None = Field(
        None, description="Recorded requests: a CSV file in the scenario's folder, or a mapping that says more."
    )

    endpoints: Frozen[Name, Endpoint] = Field(
        EMPTY, max_length=MOST_ENDPOINTS, description="What users ask for, by name; a trace may name them in a column."
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> Traffic:
        total = sum(endpoint.share for endpoint in self.endpoints.values())
        if self.endpoints and abs(total - 1) > ROUNDING:
            raise PlacedError(("endpoints",), f"have shares of {100 * total:.6g}% together; must add up to 100%")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Traffic:
        given = [
            name
            for name, is_given in (
                ("rate", self.rate is not None),
                ("profile", bool(self.profile)),
                ("trace", self.trace is not None),
                ("closedLoop", self.closed_loop is not None),
            )
            if is_given
        ]
        if len(given) != 1:
            raise ValueError(
                f"has {' and '.join(given) or 'no rate'}; must have one of rate, profile, trace and closedLoop"
            )
        if self.closed_loop is not None and self.arrivals != "closedLoop":
            raise PlacedError(
                ("closedLoop",), f"stands beside arrivals {self.arrivals}; must have arrivals: closedLoop"
            )
        if self.closed_loop is None and self.arrivals == "closedLoop":
            raise PlacedError(("arrivals",), "is closedLoop, and there is none; must be another, or give closedLoop")
        return self

    @model_validator(mode="after")
    def _shapes_fit(self) -> Traffic:
        if self.trace is not None or self.closed_loop is not None:
            source = "a trace" if self.trace is not None else "a closed loop"
            for key, value in (("bursty", self.bursty), ("batchSize", self.batch_size)):
                if value is not None:
                    raise PlacedError(
                        (key,), f"shapes a rate, and the requests are those of {source}; must be left out"
                    )
        if self.batch_size is not None and self.batch_size.mean_seconds() < 1:
            mean = self.batch_size.mean_seconds()
            raise PlacedError(("batchSize",), f"has the mean {mean:g}; must be at least 1 request")
        return self

    @model_validator(mode="after")
    def _period_fits(self) -> Traffic:
        if self.period is None:
            return self
        if not self.profile:
            raise PlacedError(("period",), "repeats a profile, and there is none; must be left out")
        if self.profile[-1].at >= self.period:
            last, period = format_duration(self.profile[-1].at), format_duration(self.period)
            raise PlacedError(("profile", len(self.profile) - 1, "at"), f"is {last}; must be below period, {period}")
        if LONGEST / self.period * len(self.profile) > MOST_REPEATED_POINTS:
            shortest = format_duration(math.ceil(LONGEST * len(self.profile) / MOST_REPEATED_POINTS))
            message = f"is {format_duration(self.period)}; must be at least {shortest} for so many points"
            raise PlacedError(("period",), message)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Traffic:
        for index, (left, right) in enumerate(pairwise(self.profile)):
            if right.at <= left.at:
                moment, previous = format_duration(right.at), format_duration(left.at)
                message = f"is {moment}; must be after the point before it, {previous}"
                raise PlacedError(("profile", index + 1, "at"), message)
        return self

    def stretches(self, start: float, end: float) -> Iterator[Stretch]:
        """Yield (from, to, rate at from, rate at to) that cover [start, end); nothing for a trace."""
        points = list(self._points(start, end))
        if not points:
            return
        if start < points[0].at:
            yield start, min(end, points[0].at), points[0].rate, points[0].rate
        for index, point in enumerate(points):
            last = index + 1 == len(points)
            until = end if last else points[index + 1].at
            target = points[index + 1].rate if point.ramp == "linear" and not last else point.rate
            yield from _clipped(point.at, until, point.rate, target, start, end)

    def _points(self, start: float, end: float) -> Iterator[ProfilePoint]:
        """Yield the points of the profile, repeated from before `start` to after `end` if it repeats."""
        if self.period is None:
            yield from self.profile or (() if self.rate is None else (ProfilePoint(at=0.0, rate=self.rate),))
            return
        for turn in range(math.floor(start / self.period) - 1, math.ceil(end / self.period) + 1):
            for point in self.profile:
                yield point.model_copy(update={"at": turn * self.period + point.at})

    def rate_at(self, moment: float) -> float:
        """Return the rate at a moment, a trace left out."""
        return next((first for _, _, first, _ in self.stretches(moment, moment + 1.0)), 0.0)

    def expected_requests(self, start: float, end: float) -> float:
        """Return the expected number of arrivals in [start, end), a trace left out."""
        return sum((to - from_) * (first + last) / 2 for from_, to, first, last in self.stretches(start, end))


def _clipped(from_: float, to: float, first: float, last: float, start: float, end: float) -> Iterator[Stretch]:
    left, right = max(from_, start), min(to, end)
    if right > left:
        slope = (last - first) / (to - from_)
        yield left, right, first + slope * (left - from_), first + slope * (right - from_)
