"""The files a scenario may name, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_NUMBERS = 1_000_000


class TraceError(ValueError):
    """A trace that cannot be used; the message names file, line and what it must be."""


@dataclass(frozen=True)
class Files:
    """Where the files that a scenario names may lie: its own folder, and one more that the caller allows."""

    folder: Path | None
    allowed: Path | None = None

    def find(self, name: str) -> Path:
        """Return the path of a named file.

        Raises:
            TraceError: it does not exist, or lies elsewhere.
        """
        places = [place.resolve() for place in (self.folder, self.allowed) if place is not None]
        if not places:
            raise TraceError(
                f"names the file {name!r:.80}; files are not allowed here, give a rate, profile or quantiles"
            )
        if "\0" in name or not name:
            raise TraceError(f"is {name!r:.80}; must be the name of a file")
        for place in places:
            path = (place / name).resolve()
            if path.is_relative_to(place) and path.is_file():
                return path
        inside = any((place / name).resolve().is_relative_to(place) for place in places)
        if inside:
            raise TraceError(f"names the file {name!r:.80}, which does not exist in the scenario's folder")
        raise TraceError(f"names the file {name!r:.80} outside the scenario's folder; must be inside it")

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return the durations in a file of one value a line, for an empirical law."""
        path = self.find(name)
        try:
            values = tuple(_values(path))
        except (OSError, UnicodeDecodeError) as error:
            raise TraceError(f"names the file {name!r:.80}, which cannot be read: {error}") from None
        if not values:
            raise TraceError(f"names the file {name!r:.80}, which has no values")
        return values


def _values(path: Path) -> Iterator[float]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for line_number, line in enumerate(lines, 1):
            text = line.strip().split(",")[0]
            value = number(text)
            if value is None and line_number == 1:
                continue  # a header
            if value is None or not 0 <= value < math.inf:
                raise TraceError(f"names {path.name}: line {line_number} is {text!r:.40}; must be seconds, 0 or more")
            if line_number > MOST_NUMBERS:
                raise TraceError(f"names {path.name}, which has more than {MOST_NUMBERS:,} values")
            yield value


def number(text: str) -> float | None:
    """Return what a cell of a file says, None when it is no number."""
    try:
        return float(text)
    except ValueError:
        return None
