"""What the parameters of every strategy have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sim.spec.model import Model, Name


class StrategySpec(Model):
    """The parameters of one way of releasing; `kind` is its word in files."""

    kind: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    actions: ClassVar[tuple[str, ...]] = ("scale",)
    """What an operator can ask of it."""


class SegmentMatch(Model):
    """Requests of one segment."""

    segment: Name = Field(description="The segment.")
