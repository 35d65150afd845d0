"""What a check across keys has found."""

from __future__ import annotations

from typing import NamedTuple

from sim.scenario.document import Path


class Finding(NamedTuple):
    """Something wrong at a path."""

    path: Path
    message: str
