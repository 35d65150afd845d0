"""Who uses the service: how many, in which segments."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool, model_validator

from sim.spec.distributions import Law
from sim.spec.model import EMPTY, Frozen, Model, Name, PlacedError, Text
from sim.spec.reaction import Sessions, UserRetries
from sim.units import Quantity, Share

MOST_USERS = 10_000_000
MOST_SEGMENTS = 50
MOST_HEADERS = 50


class Segment(Model):
    """Users with something in common; segments are disjoint."""

    share: Share | None = Field(None, description="Its share of all users; or give count.")
    count: Annotated[int, Quantity("count", high=MOST_USERS)] | None = Field(
        None, description="Its number of users; or give share."
    )
    headers: Frozen[Text, Text] = Field(EMPTY, max_length=MOST_HEADERS, description="Headers that its requests carry.")
    cookies: Frozen[Text, Text] = Field(EMPTY, max_length=MOST_HEADERS, description="Cookies that its requests carry.")
    public: StrictBool = Field(True, description="false: testers, left out of user damage.")
    rate_factor: Annotated[float, Quantity("number", high=1_000, above=True)] = Field(
        1.0, description="Requests of one of its users, relative to a user without; the rate of all stays as given."
    )

    @model_validator(mode="after")
    def _one_size(self) -> Segment:
        if (self.share is None) == (self.count is None):
            given = "neither share nor count" if self.share is None else "both share and count"
            raise ValueError(f"has {given}; must have one of them")
        return self


class Users(Model):
    """All users and how they are divided; who belongs to no segment is public."""

    count: Annotated[int, Quantity("count", low=1, high=MOST_USERS)] = Field(1_000, description="Number of users.")
    segments: Frozen[Name, Segment] = Field(EMPTY, max_length=MOST_SEGMENTS, description="Segments by name, in order.")
    activity: Law | None = Field(
        None,
        description="Requests of a user relative to the mean: a number or a distribution of numbers, one for each user "
        "and run. Without it, all are equally active.",
    )

    retries: UserRetries | None = Field(
        None, description="Users whose request fails try again; without it, nobody does."
    )
    patience: Law | None = Field(
        None, description="A user who has waited so long for an answer leaves; without it, all wait to the end."
    )
    sessions: Sessions | None = Field(None, description="Users come for several requests; without it, for one.")

    @model_validator(mode="after")
    def _somebody_waits(self) -> Users:
        if self.patience is not None and self.patience.mean_seconds() <= 0:
            raise PlacedError(("patience",), "is 0: nobody waits for an answer; must be longer")
        return self

    @model_validator(mode="after")
    def _somebody_is_active(self) -> Users:
        if self.activity is not None and self.activity.mean_seconds() <= 0:
            raise PlacedError(("activity",), "is 0 for all users; must be above 0 on average")
        return self

    @model_validator(mode="after")
    def _segments_fit(self) -> Users:
        needed = sum(self.segment_counts())
        if needed > self.count:
            raise ValueError(f"has segments of {needed} users together; must be at most count, {self.count}")
        return self

    def request_shares(self) -> tuple[float, ...]:
        """Return each segment's expected share of the requests, in order."""
        counts, factors = self.segment_counts(), [segment.rate_factor for segment in self.segments.values()]
        weights = [count * factor for count, factor in zip(counts, factors, strict=True)]
        total = sum(weights) + self.count - sum(counts)
        return tuple(weight / total for weight in weights)

    def segment_counts(self) -> tuple[int, ...]:
        """Return the number of users of each segment, in order."""
        return tuple(
            segment.count if segment.count is not None else round((segment.share or 0.0) * self.count)
            for segment in self.segments.values()
        )
