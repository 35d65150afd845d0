"""Recorded traffic: which file, which part of it, and how it is stretched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StrictBool,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema

from sim.spec.model import Model, PlacedError, Text
from sim.units import Duration, Quantity

Scale = Annotated[float, Quantity("number", high=1_000_000, above=True)]


@dataclass(frozen=True)
class Trace:
    """Recorded requests. at_seconds: float64 (n,), non-decreasing, from 0; user: int32 (n,) or None; endpoint: int16
    (n,), places in the map of endpoints, or None.

    spread: float64 (n,) or None, seconds after at_seconds within which the request comes at random. kept: the share of
    requests that a run replays, chosen at random.
    """

    at_seconds: NDArray[np.float64]
    user: NDArray[np.int32] | None
    endpoint: NDArray[np.int16] | None = None
    spread: NDArray[np.float64] | None = None
    kept: float = 1.0

    def columns(self) -> list[NDArray[Any]]:
        """Return the columns that it has."""
        columns = (self.at_seconds, self.user, self.endpoint, self.spread)
        return [column for column in columns if column is not None]


class Recording(Model):
    """A CSV file of requests or of counts, and how it is replayed; a bare file name means requests as given."""

    file: Text = Field(description="The file, in the scenario's folder.")
    kind: Literal["requests", "counts"] = Field(
        "requests",
        description="requests: at_seconds and, optionally, user and endpoint, a row a request. counts: at_seconds and "
        "requests, the number in the interval that starts there; intervals without a gap.",
    )
    rate_scale: Scale = Field(
        1.0, description="Multiplies the number of requests; for single requests, the share that is kept."
    )
    time_scale: Scale = Field(1.0, description="Multiplies the times: 0.5 replays twice as fast.")
    from_: Duration = Field(
        0.0, alias="from", description="Where in the file the run starts; earlier rows are left out."
    )
    spread: Literal["none", "interval"] | None = Field(
        None,
        description="Of counts. interval: at random (or evenly, with constant arrivals) within their interval; none: "
        "all at its start. interval unless said.",
    )
    loop: StrictBool = Field(False, description="true: what ends before the run begins again.")

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"file": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Recording:
        if self.kind == "requests" and self.spread == "interval":
            raise PlacedError(("spread",), "is interval, and single requests have none; must be left out")
        if self.kind == "requests" and self.rate_scale > 1:
            message = f"is {self.rate_scale:g}; must be at most 1 for single requests, or lower timeScale"
            raise PlacedError(("rateScale",), message)
        return self

    @model_serializer(mode="wrap")
    def _as_bare(self, handler: SerializerFunctionWrapHandler) -> Any:
        values = handler(self)
        return values["file"] if set(values) == {"file"} else values

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}

    @property
    def is_spread(self) -> bool:
        """Return whether requests come anywhere in their interval."""
        return self.kind == "counts" and self.spread != "none"
