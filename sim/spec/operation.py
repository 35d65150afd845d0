"""What an operator does by hand while a release is on its way."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from sim.spec.model import Model, PlacedError
from sim.units import Duration, Quantity

MOST_OPERATIONS = 100
MOST_PODS = 10_000

Action = Literal["promote", "abort", "undo", "scale"]


class Operation(Model):
    """One command of an operator, as given to kubectl; what the strategy cannot do then is refused and recorded."""

    needs: ClassVar[dict[str, str]] = {"scale": "replicas"}
    """The keys that an action cannot do without; it alone takes them."""

    at: Duration = Field(description="When, after the release starts.")
    action: Action = Field(
        description="promote: ends a pause; abort, undo: back to the old version; scale: another number of pods."
    )
    replicas: Annotated[int, Quantity("count", high=MOST_PODS)] | None = Field(
        None, description="For scale: so many pods are wanted from then on."
    )

    @model_validator(mode="after")
    def _says_what_its_action_needs(self) -> Operation:
        for action, key in self.needs.items():
            is_given = getattr(self, key) is not None
            if is_given and action != self.action:
                raise PlacedError((key,), f"belongs to {action}; must be left out where action is {self.action}")
            if action == self.action and not is_given:
                raise PlacedError((), f"has action {action} without {key}; must say {key}")
        return self

    @property
    def text(self) -> str:
        """Return the command in a few words."""
        return self.action if self.replicas is None else f"{self.action} to {self.replicas}"
