"""What is released: one service, from one of its versions to another, at t = 0."""

from __future__ import annotations

from pydantic import Field

from sim.spec.model import Model, Name, VersionName


class Release(Model):
    """The release that every strategy carries out in its own way."""

    service: Name = Field(description="The service released.")
    from_version: VersionName = Field(alias="from", description="The version that runs before, also called stable.")
    to_version: VersionName = Field(alias="to", description="The new version, also called candidate.")
