"""Which requests a header picks, in the words of Argo Rollouts' setHeaderRoute."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, model_validator

from sim.spec.model import Model, PlacedError, Text
from sim.units import shown


class HeaderValue(Model):
    """What a header has to say."""

    exact: Text | None = Field(None, description="Exactly this.")
    prefix: Text | None = Field(None, description="Something that begins so.")
    regex: Text | None = Field(None, description="Something that this pattern matches as a whole.")

    def fits(self, value: str) -> bool:
        """Return whether a header's value is meant."""
        if self.regex is not None:
            return re.fullmatch(self.regex, value) is not None
        return value == self.exact if self.prefix is None else value.startswith(self.prefix)

    @model_validator(mode="after")
    def _one_way(self) -> HeaderValue:
        if sum(value is not None for value in (self.exact, self.prefix, self.regex)) != 1:
            raise ValueError("must have one of exact, prefix and regex")
        try:
            re.compile(self.regex or "")
        except re.error as error:
            raise PlacedError(("regex",), f"is {shown(self.regex)}; must be a regular expression: {error}") from None
        return self


class HeaderMatch(Model):
    """Requests that carry a header."""

    header_name: Text = Field(description="The header, as spec.users.segments.NAME.headers names it.")
    header_value: HeaderValue = Field(description="What it has to say.")

    def fits(self, headers: Mapping[str, str]) -> bool:
        """Return whether requests with these headers are meant; names are the same in any case."""
        values = [value for name, value in headers.items() if name.lower() == self.header_name.lower()]
        return any(self.header_value.fits(value) for value in values)
