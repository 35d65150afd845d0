"""What an operator does by hand while a release is on its way."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, model_validator

from sim.spec.model import Model, Name, PlacedError, VersionName
from sim.units import Duration, Quantity

MOST_OPERATIONS = 100
MOST_PODS = 10_000

Action = Literal["promote", "abort", "retry", "undo", "scale", "apply", "restart", "pause", "resume"]


class Operation(Model):
    """One command of an operator, as given to kubectl; what the strategy cannot do then is refused and recorded."""

    needs: ClassVar[dict[str, str]] = {"scale": "replicas", "apply": "version"}
    """The keys that an action cannot do without; it alone takes them."""
    takes: ClassVar[tuple[tuple[str, str], ...]] = (
        *needs.items(),
        ("scale", "service"),
        ("undo", "toRevision"),
        ("promote", "full"),
    )

    at: Duration = Field(description="When, after the release starts.")
    action: Action = Field(
        description="promote: ends a pause or skips a step; abort: back to the old version; retry: an aborted release "
        "from its first step; undo: to the revision before; scale: another number of pods; apply: another version; "
        "restart: new pods of the same; pause, resume: no step is begun meanwhile."
    )
    full: StrictBool | None = Field(None, description="For promote: true skips all that is left, analyses included.")
    replicas: Annotated[int, Quantity("count", high=MOST_PODS)] | None = Field(
        None, description="For scale: so many pods are wanted from then on."
    )
    service: Name | None = Field(None, description="For scale: the service; without it, the released one.")
    version: VersionName | None = Field(None, description="For apply: the version of the released service.")
    to_revision: Annotated[int, Quantity("count", low=1, high=1_000_000)] | None = Field(
        None, description="For undo of a Deployment: the revision; without it, the one before."
    )

    @model_validator(mode="after")
    def _says_what_its_action_needs(self) -> Operation:
        given = {str(field.alias): getattr(self, name) for name, field in type(self).model_fields.items()}
        for action, key in self.takes:
            if given[key] is not None and action != self.action:
                raise PlacedError((key,), f"belongs to {action}; must be left out where action is {self.action}")
        needed = self.needs.get(self.action)
        if needed is not None and given[needed] is None:
            raise PlacedError((), f"has action {self.action} without {needed}; must say {needed}")
        return self

    @property
    def text(self) -> str:
        """Return the command in a few words."""
        if self.version is not None:
            return f"{self.action} {self.version}"
        if self.to_revision is not None:
            return f"{self.action} to revision {self.to_revision}"
        if self.full:
            return f"{self.action} in full"
        what = self.action if self.service is None else f"{self.action} {self.service}"
        return what if self.replicas is None else f"{what} to {self.replicas}"
